/** The middle of the screen: who speaks, what is asked, or what there is to know. */

import { useEffect, useRef } from "preact/hooks";
import { useWords, type WordKey } from "../i18n/words.ts";
import type { RoomState } from "../room/hub_client.ts";
import { glowOf } from "../room/talkers.ts";
import { type Store, useStore } from "../ui/store.ts";
import type { RoomView, Tally } from "../wire/messages.ts";
import { useNow } from "./clock.ts";
import { type Speaker, type Stage, sizeOf } from "./scene.ts";
import { beginning, clockWords, turnTime, utcNow } from "./times.ts";

const HOW: Record<Speaker["how"], WordKey | null> = {
  live: null,
  far: "screen.far",
  muted: "screen.muted",
  away: "screen.away",
  read: "screen.writing",
  granted: "screen.coming",
  far_soon: "screen.far_soon",
  waits: "screen.press",
};

export function OnStage({ stage, room }: { stage: Stage; room: Store<RoomState> }) {
  const { say } = useWords();
  const crowd = stage.speakers.length > 2 ? "is-many" : stage.speakers.length > 1 ? "is-few" : "";
  return (
    <div class={stage.text === null ? `on-stage ${crowd}` : "on-stage has-text"}>
      <ul class="speakers">
        {stage.speakers.map((speaker) => (
          <SpeakerRow key={speaker.key} speaker={speaker} room={room} />
        ))}
      </ul>
      {stage.more > 0 && <p class="more">{say("screen.more", { count: stage.more })}</p>}
      {stage.text !== null && (
        <blockquote class={`words ${sizeOf(stage.text, 60, 150)}`}>{stage.text}</blockquote>
      )}
    </div>
  );
}

function SpeakerRow({ speaker, room }: { speaker: Speaker; room: Store<RoomState> }) {
  const { say } = useWords();
  const name = speaker.name ?? say("screen.anonymous");
  const how = HOW[speaker.how];
  const isGoing = speaker.how === "granted" && speaker.place !== null;
  const notes = isGoing
    ? [say("screen.goes_to", { table: speaker.place ?? "" })]
    : [speaker.place, how === null ? null : say(how)].filter((note) => note !== null);
  return (
    <li class={`speaker is-${speaker.how}`}>
      <Glow room={room} ssrc={speaker.ssrc} />
      <span class="who">
        <span class={`name ${sizeOf(name, 14, 24)}`}>{name}</span>
        {notes.length > 0 && <span class="place">{notes.join(" · ")}</span>}
      </span>
    </li>
  );
}

/** Brighter the louder: follows the packets without drawing the page anew. */
function Glow({ room, ssrc }: { room: Store<RoomState>; ssrc: number | null }) {
  const glow = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const update = () => {
      const own = room.value.talkers.filter((talker) => talker.ssrc === ssrc);
      glow.current?.style.setProperty("--fill", String(glowOf(own)));
    };
    update();
    return room.follow(update);
  }, [room, ssrc]);
  return <span class="glow" ref={glow} aria-hidden="true" />;
}

/** The time of the turn that runs. */
export function Timer({
  room,
  stage,
  view,
}: {
  room: Store<RoomState>;
  stage: Stage;
  view: RoomView;
}) {
  const { say } = useWords();
  const clock = useStore(room, (now) => now.clock);
  const now = useNow();
  if (stage.timed === null) return null;
  const time = turnTime(stage.timed.since, view.rules.turn_s, clock, now);
  if (time === null) return null;
  const state = time.isOver ? "is-over" : time.isSoon ? "is-soon" : "";
  return (
    <p class={`timer ${state}`} role="timer">
      <span class="timer-label">{say(time.isOver ? "screen.time_over" : "screen.time_left")}</span>
      <span class="digits">{clockWords(time.leftS)}</span>
    </p>
  );
}

/** Nobody speaks: how to. */
export function Free({ takesHands }: { takesHands: boolean }) {
  const { say } = useWords();
  if (!takesHands) return <Notice words={say("screen.no_hands")} />;
  return (
    <div class="notice">
      <p class="headline">{say("screen.free")}</p>
      <p class="hint">{say("screen.free_hint")}</p>
    </div>
  );
}

export function Silence() {
  const { say } = useWords();
  return (
    <div class="notice is-silence" role="status">
      <p class="headline">{say("screen.silence")}</p>
      <p class="hint">{say("screen.silence_hint")}</p>
    </div>
  );
}

/** A show of hands, counted as the answers come. */
export function ShowOfHands({ question, room }: { question: string; room: Store<RoomState> }) {
  const { say, language } = useWords();
  const yes = useStore(room, (now) => now.pulse?.yes ?? 0);
  return (
    <div class="notice is-ask">
      <p class="kind">{say("screen.ask")}</p>
      <p class={`words ${sizeOf(question, 60, 150)}`}>{question}</p>
      <p class="answer">
        <span class="count">{yes.toLocaleString(language)}</span> {say("screen.yes")}
      </p>
      <p class="hint">{say("screen.ask_hint")}</p>
    </div>
  );
}

/** How it came out. */
export function Result({ tally }: { tally: Tally }) {
  const { say, language } = useWords();
  const number = (value: number) => value.toLocaleString(language);
  const { yes_hall: hall, yes_far: far } = tally;
  return (
    <div class="notice is-ask">
      <p class="kind">{say("screen.ask")}</p>
      <p class={`words ${sizeOf(tally.question, 60, 150)}`}>{tally.question}</p>
      <p class="answer">
        {say("screen.result", { yes: number(hall + far), asked: number(tally.asked) })}
      </p>
      <p class="hint">{say("screen.result_where", { hall: number(hall), far: number(far) })}</p>
    </div>
  );
}

/** Before it begins. */
export function Soon({ view, room }: { view: RoomView; room: Store<RoomState> }) {
  const { say, language } = useWords();
  const clock = useStore(room, (now) => now.clock);
  const now = useNow();
  const begins = beginning(view.about?.begins_utc_ms ?? null, utcNow(clock, now), language);
  if (begins === null) {
    return (
      <div class="notice">
        <p class="headline is-mid">{say("screen.ready")}</p>
      </div>
    );
  }
  const isToday = "countdown" in begins;
  return (
    <div class="notice">
      <p class="kind">{say(isToday ? "screen.begins_in" : "screen.begins_at")}</p>
      {isToday ? (
        <p class="headline digits" role="timer">
          {begins.countdown}
        </p>
      ) : (
        <p class="headline is-long">{begins.when}</p>
      )}
    </div>
  );
}

/** One sentence, in the middle. */
export function Notice({ words }: { words: string }) {
  return (
    <div class="notice" role="status">
      <p class="headline is-long">{words}</p>
    </div>
  );
}
