/** The floor, the line, and the one button that runs the evening. */

import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { TalkerBar } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import type { Hand, RoomView, Turn } from "../wire/messages.ts";
import { isOfTheMix } from "./sound/desk.ts";

interface Props {
  hub: HubClient;
  view: RoomView;
}

export function Floor({ hub, view }: Props) {
  const { say } = useWords();
  return (
    <section class="card floor" aria-labelledby="floor">
      <h2 id="floor">{say("host.floor")}</h2>
      {view.floor.length === 0 && <p class="soft">{say("host.floor_empty")}</p>}
      <ul class="turns">
        {view.floor.map((turn) => (
          <TurnRow key={turn.participant} hub={hub} turn={turn} />
        ))}
      </ul>
    </section>
  );
}

function TurnRow({ hub, turn }: { hub: HubClient; turn: Turn }) {
  const { say } = useWords();
  const isElsewhere = turn.unit !== turn.participant && turn.unit_name !== null;
  const words =
    turn.state === "granted"
      ? say(turn.surface === "unit" ? "host.granted_unit" : "host.granted_phone")
      : isElsewhere
        ? say("host.live_at", { table: turn.unit_name ?? "" })
        : say("host.live");
  return (
    <li class={`turn-row is-${turn.state}`}>
      <span class={turn.state === "live" ? "lamp is-red" : "lamp is-blinking"} aria-hidden="true" />
      <span class="turn-who">
        <strong>{turn.name}</strong>
        <span class="soft">{words}</span>
        {turn.state === "live" && <TalkerBar room={hub.room} ssrc={turn.ssrc} />}
      </span>
      <button
        type="button"
        class="small"
        aria-label={say("host.end_name", { name: turn.name })}
        onClick={() => hub.wish({ type: "end_turn", participant: turn.participant })}
      >
        {say("host.end")}
      </button>
    </li>
  );
}

export function HostLine({ hub, view }: Props) {
  const { say } = useWords();
  return (
    <section class="card" aria-labelledby="line">
      <h2 id="line">
        {say("line.title")}
        {view.line.length > 0 && <span class="count">{view.line.length}</span>}
      </h2>
      {view.line.length === 0 && <p class="soft">{say("host.line_empty")}</p>}
      <ol class="hands">
        {view.line.map((hand, index) => (
          <HandRow key={hand.participant} hub={hub} hand={hand} place={index + 1} />
        ))}
      </ol>
    </section>
  );
}

function HandRow({ hub, hand, place }: { hub: HubClient; hand: Hand; place: number }) {
  const { say } = useWords();
  return (
    <li class="hand" value={place}>
      <span class="place" aria-hidden="true">
        {place}
      </span>
      <span class="hand-name">
        {hand.name}
        <span class="soft hand-from">
          {say(hand.surface === "unit" ? "line.unit" : "line.phone")}
        </span>
      </span>
      <span class="hand-acts">
        <button
          type="button"
          class="small"
          aria-label={say("host.give_name", { name: hand.name })}
          onClick={() => hub.wish({ type: "give_floor", participant: hand.participant })}
        >
          {say("host.give")}
        </button>
        <button
          type="button"
          class="small quiet"
          aria-label={say("host.lower_name", { name: hand.name })}
          onClick={() => hub.wish({ type: "lower_hand", participant: hand.participant })}
        >
          {say("host.lower")}
        </button>
      </span>
    </li>
  );
}

/** *Next*, where the thumb is. */
export function NextBar({ hub, view }: Props) {
  const { say } = useWords();
  const refused = useStore(hub.room, (room) =>
    room.refused === null || isOfTheMix(room.refused.wish) ? null : room.refused.code,
  );
  const isWaiting = useStore(hub.room, (room) =>
    room.waiting.some(({ wish }) => !isOfTheMix(wish)),
  );
  const [first] = view.line;
  const isOff = first === undefined || isWaiting;
  return (
    <div class="bar">
      {refused !== null && (
        <p class="refused" role="status">
          {say(`refused.${refused}`)}
        </p>
      )}
      <button
        type="button"
        class="big primary next"
        aria-disabled={isOff}
        onClick={() => {
          if (!isOff) hub.wish({ type: "next" });
        }}
      >
        <span class="next-word">{say("host.next")}</span>
        <span class="next-who">
          {first === undefined
            ? say("host.next_empty")
            : say("host.next_name", { name: first.name })}
        </span>
      </button>
    </div>
  );
}
