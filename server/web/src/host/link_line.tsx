/** How the connection to the hub is, when it is not well. */

import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { Announcement } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";

export function LinkLine({ hub }: { hub: HubClient }) {
  const { say } = useWords();
  const link = useStore(hub.room, (room) => room.link);
  const words =
    link === "connecting"
      ? say("state.connecting")
      : link === "reconnecting"
        ? say("state.unreachable")
        : link === "stalled"
          ? say("state.stalled")
          : "";
  return (
    <>
      {words !== "" && <p class="trouble">{words}</p>}
      <Announcement text={words} />
    </>
  );
}
