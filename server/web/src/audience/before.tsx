/** The link before the room is live, and after: what it will be, when, and what it was. */

import { useEffect, useState } from "preact/hooks";
import { chime } from "../audio/chime.ts";
import { useWords } from "../i18n/words.ts";
import type { HubClient, RoomState } from "../room/hub_client.ts";
import { useNow } from "../screen/clock.ts";
import { beginning, utcNow } from "../screen/times.ts";
import { type Store, useStore } from "../ui/store.ts";
import type { RoomView } from "../wire/messages.ts";
import { HearAgain } from "./again.tsx";
import type { RoomLink } from "./link.ts";
import { apiPath, askHub, whoSpoke } from "./room_api.ts";

/** A browser has begun to save by then. */
const SAVED_AFTER_MS = 10_000;

/** What the room is about, as its host wrote it. */
export function About({ view }: { view: RoomView }) {
  const { say } = useWords();
  const { about } = view;
  if (about === null || (about.description === "" && about.topics.length === 0)) return null;
  return (
    <div class="about" lang={about.language}>
      {about.description !== "" && <p class="about-text">{about.description}</p>}
      {about.topics.length > 0 && (
        <ul class="topics" aria-label={say("room.topics")}>
          {about.topics.map((topic) => (
            <li key={topic}>{topic}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface BeforeProps {
  view: RoomView;
  room: Store<RoomState>;
  link: RoomLink;
}

export function Before({ view, room, link }: BeforeProps) {
  const { say } = useWords();
  return (
    <section class="card before">
      {view.phase === "backstage" ? (
        <p class="begins">{say("before.soon")}</p>
      ) : (
        <Countdown view={view} room={room} />
      )}
      <p class="soft">{say("before.stay")}</p>
      <About view={view} />
      <SoundTest />
      {view.phase === "scheduled" && view.about?.begins_utc_ms != null && <Calendar link={link} />}
    </section>
  );
}

function Countdown({ view, room }: Omit<BeforeProps, "link">) {
  const { say, language } = useWords();
  const clock = useStore(room, (now) => now.clock);
  const now = utcNow(clock, useNow());
  const begin = beginning(view.about?.begins_utc_ms ?? null, now, language);
  if (begin === null) return <p class="begins">{say("before.soon")}</p>;
  return (
    <p class="begins" role="timer" aria-live="off">
      {"countdown" in begin
        ? say("before.begins", { time: begin.countdown })
        : say("before.when", { when: begin.when })}
    </p>
  );
}

function SoundTest() {
  const { say } = useWords();
  const [hasRung, setRung] = useState<boolean | null>(null);
  return (
    <div class="sound-test">
      <button type="button" class="big" onClick={() => setRung(chime())}>
        {say("before.test")}
      </button>
      <p class="soft" role="status">
        {hasRung !== null && say(hasRung ? "before.tested" : "error.no_audio")}
      </p>
    </div>
  );
}

/** The room's calendar file. A link cannot carry a secret unseen: then it is fetched with it. */
function Calendar({ link }: { link: RoomLink }) {
  const { say } = useWords();
  const path = `/r/${encodeURIComponent(link.room)}/event.ics`;
  if (link.secret === null) {
    return (
      <a class="calendar" href={path} download={`${link.room}.ics`}>
        {say("before.calendar")}
      </a>
    );
  }
  const save = async () => {
    const response = await askHub(path, link);
    if (response === null) return;
    const url = URL.createObjectURL(await response.blob());
    const anchor = document.createElement("a");
    anchor.href = url;
    anchor.download = `${link.room}.ics`;
    anchor.click();
    window.setTimeout(() => URL.revokeObjectURL(url), SAVED_AFTER_MS);
  };
  return (
    <button type="button" class="quiet" onClick={() => void save()}>
      {say("before.calendar")}
    </button>
  );
}

/** What it was: the link stays good for ever. */
export function Ended({ hub, view, link }: { hub: HubClient; view: RoomView; link: RoomLink }) {
  const { say } = useWords();
  const spoke = useSpoke(link);
  return (
    <section class="card before" aria-labelledby="ended">
      <h2 id="ended">{say("ended.title")}</h2>
      <About view={view} />
      {spoke.length > 0 && (
        <>
          <h3>{say("ended.spoke")}</h3>
          <ul class="spoke">
            {spoke.map((name) => (
              <li key={name}>{name}</li>
            ))}
          </ul>
        </>
      )}
      <HearAgain hub={hub} link={link} />
    </section>
  );
}

function useSpoke(link: RoomLink): string[] {
  const [spoke, setSpoke] = useState<string[]>([]);
  useEffect(() => {
    let isShown = true;
    askHub(apiPath(link), link)
      .then((response) => response?.json())
      .then((answer) => isShown && setSpoke(whoSpoke(answer)))
      .catch(() => {}); // not JSON: then it is not told
    return () => {
      isShown = false;
    };
  }, [link]);
  return spoke;
}
