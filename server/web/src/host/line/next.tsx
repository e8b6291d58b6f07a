/** *Next*, where the thumb is; what was refused, and the way back, above it. */

import { useWords } from "../../i18n/words.ts";
import type { Wish } from "../../room/commands.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { RoomView } from "../../wire/messages.ts";
import { isOfTheMix } from "../sound/desk.ts";

/** Whether the command moves the floor on: a second *Next* on top of it would take two turns. */
function movesOn({ type }: Wish): boolean {
  return type === "next" || type === "give_floor";
}

export function NextButton({ hub, view }: { hub: HubClient; view: RoomView }) {
  const { say } = useWords();
  const isWaiting = useStore(hub.room, (room) => room.waiting.some(({ wish }) => movesOn(wish)));
  const [first] = view.line;
  const isOff = first === undefined || isWaiting;
  return (
    <button
      type="button"
      class="big primary next"
      aria-disabled={isOff}
      aria-keyshortcuts="N"
      onClick={() => {
        if (!isOff) hub.wish({ type: "next" });
      }}
    >
      <span class="next-word">{say("host.next")}</span>
      <span class="next-who">
        {first === undefined ? say("host.next_empty") : say("host.next_name", { name: first.name })}
      </span>
    </button>
  );
}

/** Why the last command was not applied; those of the mix are told in their place. */
export function Refused({ hub }: { hub: HubClient }) {
  const { say } = useWords();
  const refused = useStore(hub.room, (room) =>
    room.refused === null || isOfTheMix(room.refused.wish) ? null : room.refused.code,
  );
  return (
    <p class="refused" role="status">
      {refused !== null && say(`refused.${refused}`)}
    </p>
  );
}
