/** What both pages share: the mark, the language, announcements, bars and the words for refusals. */

import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { setLanguage, useWords, type WordKey } from "../i18n/words.ts";
import type { RoomState } from "../room/hub_client.ts";
import { barFill } from "../room/talkers.ts";
import { CLOSE_CODES } from "../wire/close_codes.ts";
import type { Store } from "./store.ts";

/** The mark: a lit doorway, and its light on the square. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 40 40" aria-hidden="true">
      <path class="mark-light" d="M15 29 4 39h32L25 29z" />
      <path class="mark-arch" d="M8 29V17a12 12 0 0 1 24 0v12h-5V17a7 7 0 0 0-14 0v12z" />
      <path class="mark-door" d="M15 29V17a5 5 0 0 1 10 0v12z" />
    </svg>
  );
}

export function Header({ children }: { children?: ComponentChildren }) {
  const { say, language } = useWords();
  const other = language === "fr" ? "en" : "fr";
  return (
    <header class="header">
      <span class="brand">
        <Mark />
        <span class="brand-name">Parvis</span>
      </span>
      {children}
      <button
        type="button"
        class="quiet language"
        lang={other}
        aria-label={`${other.toUpperCase()}: ${say("app.language")}`}
        onClick={() => setLanguage(other)}
      >
        {other.toUpperCase()}
      </button>
    </header>
  );
}

/** Tells a screen reader when the text changes; `urgent` interrupts what it reads. */
export function Announcement({ text, urgent = false }: { text: string; urgent?: boolean }) {
  return (
    <p
      class="visually-hidden"
      role={urgent ? "alert" : "status"}
      aria-live={urgent ? "assertive" : "polite"}
    >
      {text}
    </p>
  );
}

/** A level as a bar. */
export function LevelBar({ level_db }: { level_db: number | null }) {
  const bar = useRef<HTMLSpanElement>(null);
  const fill = level_db === null ? 0 : barFill(level_db);
  useEffect(() => {
    bar.current?.style.setProperty("--fill", String(fill));
  }, [fill]);
  return <Bar fill={bar} />;
}

/** The level of one source of the program: follows the packets without drawing the page anew. */
export function TalkerBar({ room, ssrc }: { room: Store<RoomState>; ssrc: number | null }) {
  const bar = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const update = () => {
      const talker = room.value.talkers.find((one) => one.ssrc === ssrc);
      const fill = talker === undefined ? 0 : barFill(talker.level_dbov);
      bar.current?.style.setProperty("--fill", fill.toFixed(2));
    };
    update();
    return room.follow(update);
  }, [room, ssrc]);
  return <Bar fill={bar} />;
}

function Bar({ fill }: { fill: RefObject<HTMLSpanElement | null> }) {
  return (
    <span class="level" aria-hidden="true">
      <span class="level-fill" ref={fill} />
    </span>
  );
}

/** The words for a connection that the hub ended for good. */
export function closedWords(closeCode: number | null): WordKey {
  switch (closeCode) {
    case CLOSE_CODES.superseded:
      return "closed.superseded";
    case CLOSE_CODES.version:
      return "closed.version";
    case CLOSE_CODES.roomClosed:
      return "closed.room";
    case CLOSE_CODES.forbidden:
      return "closed.forbidden";
    case CLOSE_CODES.unauthorised:
      return "closed.unauthorised";
    default:
      return "closed.fault";
  }
}
