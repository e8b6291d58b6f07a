/** The audience's link and its code; and the host's own ear. */

import { useEffect, useState } from "preact/hooks";
import type { Player } from "../../audio/player.ts";
import { useWords } from "../../i18n/words.ts";
import { useStore } from "../../ui/store.ts";
import type { RoomView } from "../../wire/messages.ts";
import type { HostApi, MadeLink } from "../api.ts";
import { LinkCard } from "./link_card.tsx";

interface Props {
  view: RoomView;
  api: HostApi;
  player: Player;
}

export function Audience({ view, api, player }: Props) {
  const { say } = useWords();
  const { link, code } = useAudienceLink(view, api);
  return (
    <section class="card invite" aria-labelledby="invite">
      <h2 id="invite">{say("host.invite")}</h2>
      <p class="soft">{say("host.invite_hint")}</p>
      <LinkCard link={link} name={say("people.title")} />
      {code !== null && <p class="code">{say("invites.code", { code, address: typedAt(link) })}</p>}
      <ListenAlong player={player} />
    </section>
  );
}

/** Where the code is typed, as it is said aloud: without `http://`. */
function typedAt(link: string): string {
  return `${new URL(link).host}/c`;
}

export function ListenAlong({ player }: { player: Player }) {
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
function useAudienceLink({ room, about }: RoomView, api: HostApi): MadeLink {
  const here = { link: `${location.origin}/r/${room}`, code: null };
  const access = about?.access;
  const [made, setMade] = useState<MadeLink>(here);
  // Of a room that others may come into now, the link is another one.
  useEffect(() => {
    // The address of this page is the next best.
    api.link({ kind: "audience" }).then((found) => {
      if (found !== null) setMade(found);
    });
  }, [api, access]);
  return made;
}
