/** The way back, as long as there is one. */

import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { useStore } from "../ui/store.ts";
import type { RoomView } from "../wire/messages.ts";
import { undoWords } from "./undo.ts";

export function UndoBar({ hub, view }: { hub: HubClient; view: RoomView }) {
  const { say } = useWords();
  const isWaiting = useStore(hub.room, ({ waiting }) =>
    waiting.some(({ wish }) => wish.type === "undo"),
  );
  const command = view.desk?.undo ?? null;
  return (
    <div class="snackbar" role="status">
      {command !== null && (
        <>
          <span>{say(undoWords(command))}</span>
          <button
            type="button"
            class="small"
            aria-keyshortcuts="U Control+Z"
            aria-disabled={isWaiting}
            onClick={() => {
              if (!isWaiting) hub.wish({ type: "undo" });
            }}
          >
            {say("undo.button")}
          </button>
        </>
      )}
    </div>
  );
}
