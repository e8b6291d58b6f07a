/** One raised hand, and all that a host can do with it. */

import { useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { Hand } from "../../wire/messages.ts";
import { roughly, sinceMs } from "../clock.ts";
import { ReasonButtons } from "../floor/reasons.tsx";
import { MoreButton } from "../fold.tsx";
import { useNowMs } from "../now.ts";
import { BlockButtons } from "../people/block.tsx";
import { fromWords, marks, overtakenWords } from "./words.ts";

/** A finger that scrolls shall not move a hand. */
const DRAGS = !matchMedia("(pointer: coarse)").matches;

interface Props {
  hub: HubClient;
  hand: Hand;
  place: number;
  count: number;
  onDrag: (participant: string | null) => void;
  onDrop: () => void;
}

export function HandRow({ hub, hand, place, count, onDrag, onDrop }: Props) {
  const { say } = useWords();
  const [isOpen, setOpen] = useState(false);
  const acts = `hand-acts-${hand.participant}`;
  const overtaken = overtakenWords(say, hand);
  return (
    <li
      class="hand"
      value={place}
      draggable={DRAGS}
      onDragStart={() => onDrag(hand.participant)}
      onDragEnd={() => onDrag(null)}
      onDragOver={(event) => event.preventDefault()}
      onDrop={onDrop}
    >
      <span class="place" aria-hidden="true">
        {place}
      </span>
      <span class="hand-name">
        {hand.name}
        <span class="soft hand-from">
          {fromWords(say, hand)}
          <Wait hub={hub} raised_at={hand.raised_at} />
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
        <MoreButton
          name={hand.name}
          label={say("host.more")}
          isOpen={isOpen}
          controls={acts}
          onToggle={() => setOpen(!isOpen)}
        />
      </span>
      <Marks hand={hand} />
      {hand.text !== null && <blockquote class="words">{hand.text}</blockquote>}
      {overtaken !== "" && <p class="soft overtaken">{overtaken}</p>}
      <div id={acts} class="more-acts" hidden={!isOpen}>
        {isOpen && <HandActs hub={hub} hand={hand} place={place} count={count} />}
      </div>
    </li>
  );
}

function Marks({ hand }: { hand: Hand }) {
  const { say } = useWords();
  const told = marks(say, hand);
  if (told.length === 0) return null;
  return (
    <span class="tags">
      {told.map((mark) => (
        <span key={mark} class="tag">
          {mark}
        </span>
      ))}
    </span>
  );
}

function Wait({ hub, raised_at }: { hub: HubClient; raised_at: number }) {
  const { say, language } = useWords();
  const nowMs = useNowMs();
  const clock = useStore(hub.room, (room) => room.clock);
  const waitMs = sinceMs(clock, raised_at, nowMs);
  if (waitMs === null) return null;
  return <> · {roughly(say, language, waitMs)}</>;
}

type ActsProps = Pick<Props, "hub" | "hand" | "place" | "count">;

function HandActs({ hub, hand, place, count }: ActsProps) {
  const { say } = useWords();
  const { participant, name } = hand;
  return (
    <>
      <Mover hub={hub} hand={hand} place={place} count={count} />
      <ReasonButtons
        title={say("host.dismiss_because", { name })}
        onReason={(reason) => hub.wish({ type: "lower_hand", participant, reason })}
      />
      <BlockButtons hub={hub} participant={participant} name={name} />
    </>
  );
}

function Mover({ hub, hand, place, count }: ActsProps) {
  const { say } = useWords();
  const { participant, name } = hand;
  const move = (to: number) => () => {
    if (to >= 1 && to <= count) hub.wish({ type: "move_hand", participant, place: to });
  };
  return (
    <span class="mover">
      <button
        type="button"
        class="small"
        aria-label={say("line.up_name", { name })}
        aria-disabled={place === 1}
        onClick={move(place - 1)}
      >
        {say("line.up")}
      </button>
      <button
        type="button"
        class="small"
        aria-label={say("line.down_name", { name })}
        aria-disabled={place === count}
        onClick={move(place + 1)}
      >
        {say("line.down")}
      </button>
    </span>
  );
}
