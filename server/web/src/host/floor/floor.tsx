/** Who has the floor: how long, how loud, and the end of it. */

import { useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { TalkerBar } from "../../ui/shell.tsx";
import { useStore } from "../../ui/store.ts";
import type { RoomView, Turn } from "../../wire/messages.ts";
import { minutesAndSeconds } from "../clock.ts";
import { MoreButton } from "../fold.tsx";
import { useNowMs } from "../now.ts";
import { BlockButtons } from "../people/block.tsx";
import { ReasonButtons } from "./reasons.tsx";
import { type TurnTime, turnTime } from "./timer.ts";
import { isSilenced, turnWords } from "./words.ts";

export function Floor({ hub, view }: { hub: HubClient; view: RoomView }) {
  const { say } = useWords();
  return (
    <section class="card floor" aria-labelledby="floor">
      <h2 id="floor">{say("host.floor")}</h2>
      {view.floor.length + view.microphones.length === 0 && (
        <p class="soft">{say("host.floor_empty")}</p>
      )}
      <ul class="turns">
        {view.floor.map((turn) => (
          <TurnRow key={turn.participant} hub={hub} view={view} turn={turn} />
        ))}
        {view.microphones.map(({ unit, name, ssrc }) => (
          <li key={unit} class="turn-row is-open">
            <span class="lamp is-red" aria-hidden="true" />
            <span class="turn-who">
              <strong>{name}</strong>
              <span class="soft">
                {say(isSilenced(view, unit, unit) ? "host.silenced" : "host.always_open")}
              </span>
              <TalkerBar room={hub.room} ssrc={ssrc} />
            </span>
          </li>
        ))}
      </ul>
      {view.floor.length > 1 && (
        <button type="button" class="small" onClick={() => hub.wish({ type: "close_all" })}>
          {say("host.close_all")}
        </button>
      )}
    </section>
  );
}

interface RowProps {
  hub: HubClient;
  view: RoomView;
  turn: Turn;
}

function TurnRow({ hub, view, turn }: RowProps) {
  const { say } = useWords();
  const [isOpen, setOpen] = useState(false);
  const isHeard = !turn.away && turn.muted === null;
  const lamp = turn.state !== "live" ? "is-blinking" : isHeard ? "is-red" : "is-away";
  const acts = `turn-acts-${turn.participant}`;
  return (
    <li class={`turn-row is-${turn.state} ${turn.away ? "is-gone" : ""}`}>
      <span class={`lamp ${lamp}`} aria-hidden="true" />
      <span class="turn-who">
        <strong>{turn.name}</strong>
        <span class="soft">{turnWords(say, view, turn)}</span>
        {turn.anonymous && <span class="tag">{say("mark.anonymous")}</span>}
        {turn.state === "live" && <TalkerBar room={hub.room} ssrc={turn.ssrc} />}
      </span>
      <Timer hub={hub} view={view} turn={turn} />
      {turn.text !== null && <blockquote class="words">{turn.text}</blockquote>}
      <span class="turn-acts">
        {turn.written ? (
          <WrittenActs hub={hub} turn={turn} />
        ) : (
          <button
            type="button"
            class="small"
            aria-label={say(turn.state === "live" ? "host.end_name" : "host.take_back_name", {
              name: turn.name,
            })}
            onClick={() => hub.wish({ type: "end_turn", participant: turn.participant })}
          >
            {say(turn.state === "live" ? "host.end" : "host.take_back")}
          </button>
        )}
        <MoreButton
          name={turn.name}
          label={say("host.more")}
          isOpen={isOpen}
          controls={acts}
          onToggle={() => setOpen(!isOpen)}
        />
      </span>
      <div id={acts} class="more-acts" hidden={!isOpen}>
        {isOpen && <MoreActs hub={hub} turn={turn} onDone={() => setOpen(false)} />}
      </div>
    </li>
  );
}

/** A question that was written: a person reads it out, or the hub does. */
function WrittenActs({ hub, turn }: { hub: HubClient; turn: Turn }) {
  const { say } = useWords();
  const { participant, name, state } = turn;
  return (
    <>
      <button
        type="button"
        class="small"
        aria-label={say(state === "live" ? "host.end_name" : "host.i_read_name", { name })}
        onClick={() => hub.wish({ type: "end_turn", participant })}
      >
        {say(state === "live" ? "host.end" : "host.i_read")}
      </button>
      {state === "granted" && (
        <button
          type="button"
          class="small"
          aria-label={say("host.let_read_name", { name })}
          onClick={() => hub.wish({ type: "read_out", participant })}
        >
          {say("host.let_read")}
        </button>
      )}
    </>
  );
}

function MoreActs({ hub, turn, onDone }: { hub: HubClient; turn: Turn; onDone: () => void }) {
  const { say } = useWords();
  const { participant, name } = turn;
  return (
    <>
      <ReasonButtons
        title={say("host.end_because", { name })}
        onReason={(reason) => {
          hub.wish({ type: "end_turn", participant, reason });
          onDone();
        }}
      />
      <BlockButtons hub={hub} participant={participant} name={name} onDone={onDone} />
    </>
  );
}

function Timer({ hub, view, turn }: RowProps) {
  const { say } = useWords();
  const nowMs = useNowMs();
  const clock = useStore(hub.room, (room) => room.clock);
  const time = turnTime(turn, view.rules.turn_s, clock, nowMs);
  if (time === null) return null;
  return (
    <span class={`timer is-${time.state}`} role="timer" aria-live="off">
      <span class="timer-figure">{minutesAndSeconds(Math.abs(time.leftMs ?? time.elapsedMs))}</span>
      {time.leftMs !== null && (
        <span class="timer-word">{say(time.leftMs < 0 ? "host.time_over" : "host.time_left")}</span>
      )}
      <TimeBar time={time} />
    </span>
  );
}

function TimeBar({ time }: { time: TurnTime }) {
  if (time.share === null) return null;
  return (
    <progress class="timer-bar" max={100} value={Math.round(time.share * 100)} aria-hidden="true" />
  );
}
