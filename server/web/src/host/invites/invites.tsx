/** Links for people and screens: the audience's for all, and personal ones that can be taken back. */

import { useEffect, useState } from "preact/hooks";
import type { Player } from "../../audio/player.ts";
import { useWords, type WordKey } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { Invite, InviteRole, RoomView } from "../../wire/messages.ts";
import type { HostApi } from "../api.ts";
import { Fold } from "../fold.tsx";
import { Hosts } from "../people/hosts.tsx";
import { Audience } from "./audience.tsx";
import { LinkCard } from "./link_card.tsx";

const ROLES: Record<InviteRole, WordKey> = {
  speaker: "invites.speaker",
  audience: "invites.audience",
  cohost: "invites.cohost",
  host: "invites.host",
  screen: "invites.screen",
};

interface Props {
  hub: HubClient;
  view: RoomView;
  api: HostApi;
  player: Player;
}

export function Invites({ hub, view, api, player }: Props) {
  const { say } = useWords();
  return (
    <>
      <Audience view={view} api={api} player={player} />
      <Fold title={say("invites.title")} hint={say("invites.hint")} class="invites">
        {() => (
          <>
            <MakeInvite hub={hub} />
            <InviteList hub={hub} view={view} api={api} />
            <Hosts hub={hub} view={view} />
          </>
        )}
      </Fold>
    </>
  );
}

function MakeInvite({ hub }: { hub: HubClient }) {
  const { say } = useWords();
  const [role, setRole] = useState<InviteRole>("speaker");
  const [name, setName] = useState("");
  const made = useStore(hub.room, ({ made }) => (made?.wish.type === "make_invite" ? made : null));
  return (
    <section aria-labelledby="make-invite">
      <h3 id="make-invite">{say("invites.make")}</h3>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          hub.wish({ type: "make_invite", role, name: name.trim() === "" ? null : name.trim() });
          setName("");
        }}
      >
        <label class="field">
          {say("invites.role")}
          <select
            value={role}
            onChange={(event) => setRole(event.currentTarget.value as InviteRole)}
          >
            {(Object.keys(ROLES) as InviteRole[]).map((one) => (
              <option key={one} value={one}>
                {say(ROLES[one])}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          {say("invites.name")}
          <input
            value={name}
            maxLength={40}
            autocomplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="small">
          {say("invites.make_link")}
        </button>
      </form>
      <div role="status">
        {made !== null && made.wish.type === "make_invite" && (
          <LinkCard link={made.link} name={made.wish.name ?? say(ROLES[made.wish.role])} />
        )}
      </div>
    </section>
  );
}

function InviteList({ hub, view, api }: { hub: HubClient; view: RoomView; api: HostApi }) {
  const { say } = useWords();
  const invites = view.desk?.invites ?? [];
  if (invites.length === 0) return null;
  return (
    <section aria-labelledby="invites-made">
      <h3 id="invites-made">{say("invites.made")}</h3>
      <ul class="named">
        {invites.map((invite) => (
          <InviteRow key={invite.number} hub={hub} invite={invite} api={api} />
        ))}
      </ul>
    </section>
  );
}

function InviteRow({ hub, invite, api }: { hub: HubClient; invite: Invite; api: HostApi }) {
  const { say } = useWords();
  const [link, setLink] = useState<string | null>(null);
  const [isAsked, setAsked] = useState(false);
  const { number } = invite;
  const role = say(ROLES[invite.role] ?? "invites.audience");
  const name = invite.name ?? `${role} ${number}`;
  useEffect(() => {
    if (isAsked) api.link({ kind: "invite", number }).then((made) => setLink(made?.link ?? null));
  }, [isAsked, api, number]);
  return (
    <li class="person">
      <span class="person-name">
        {name} {invite.name !== null && <span class="soft">{role}</span>}
      </span>
      <span class="row-acts">
        <button
          type="button"
          class="small"
          aria-expanded={isAsked}
          aria-label={say("invites.show_name", { name })}
          onClick={() => setAsked(!isAsked)}
        >
          {say("invites.show")}
        </button>
        <button
          type="button"
          class="small danger"
          aria-label={say("invites.revoke_name", { name })}
          onClick={() => hub.wish({ type: "revoke_invite", number })}
        >
          {say("invites.revoke")}
        </button>
      </span>
      {isAsked && link !== null && <LinkCard link={link} name={name} />}
    </li>
  );
}
