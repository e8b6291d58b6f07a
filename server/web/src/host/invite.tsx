/** The listeners' link and its code; and the host's own ear. */

import { useEffect, useState } from "preact/hooks";
import type { Player } from "../audio/player.ts";
import { useWords } from "../i18n/words.ts";
import { useStore } from "../ui/store.ts";

export function Invite({ room, player }: { room: string; player: Player }) {
  const { say } = useWords();
  const [isCopied, setCopied] = useState(false);
  const link = useListenerLink(room);
  // The clipboard wants a secure context; elsewhere the link can be selected.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  return (
    <section class="card invite" aria-labelledby="invite">
      <h2 id="invite">{say("host.invite")}</h2>
      <p class="soft">{say("host.invite_hint")}</p>
      <img
        class="qr"
        src={`/api/v1/rooms/${room}/qr.svg`}
        alt={say("host.qr")}
        width="180"
        height="180"
      />
      <p class="link">
        <a href={link}>{link}</a>
      </p>
      {clipboard !== undefined && (
        <button
          type="button"
          class="small"
          onClick={() => clipboard.writeText(link).then(() => setCopied(true))}
        >
          {say(isCopied ? "host.copied" : "host.copy")}
        </button>
      )}
      <ListenAlong player={player} />
    </section>
  );
}

function ListenAlong({ player }: { player: Player }) {
  const { say } = useWords();
  const isIdle = useStore(player.store, (now) => now.state === "idle");
  const needsTap = useStore(player.store, (now) =>
    ["suspended", "frozen", "failed"].includes(now.state),
  );
  if (player.possibleRung === null) return null;
  return (
    <button
      type="button"
      class="small"
      aria-pressed={!isIdle}
      onClick={() => (isIdle || needsTap ? player.tap() : player.stop())}
    >
      {say(isIdle ? "host.listen" : needsTap ? "listen.again" : "host.stop")}
    </button>
  );
}

/** The link that phones can open: the hub knows its address, also when this page came by localhost. */
function useListenerLink(room: string): string {
  const [link, setLink] = useState(`${location.origin}/r/${room}`);
  useEffect(() => {
    fetch(`/api/v1/rooms/${room}`)
      .then((response) => response.json())
      .then((said: { link?: unknown }) => {
        if (typeof said.link === "string" && said.link.startsWith("http")) setLink(said.link);
      })
      .catch(() => {}); // the address of this page is the next best
  }, [room]);
  return link;
}
