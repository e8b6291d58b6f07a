/** The hub ended the connection for good: why, and the way back. */

import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { closedWords } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import { CLOSE_CODES } from "../wire/close_codes.ts";

/** A page that the hub does not understand is an old one: loaded anew, it is the hub's own. */
export function Closed({ hub }: { hub: HubClient }) {
  const { say } = useWords();
  const closeCode = useStore(hub.room, (room) => room.closeCode);
  const isOld = closeCode === CLOSE_CODES.version || closedWords(closeCode) === "closed.fault";
  return (
    <div class="closed" role="alert">
      <p>{say(closedWords(closeCode))}</p>
      <button type="button" class="big" onClick={() => (isOld ? location.reload() : hub.reopen())}>
        {say(isOld ? "closed.reload" : "closed.retry")}
      </button>
    </div>
  );
}
