/** Behind the stage: who was invited, and the audience: names where people gave one, else numbers. */

import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { type Listed, readPeople } from "../room/people.ts";
import { useStore } from "../ui/store.ts";
import type { Pulse, RoomView } from "../wire/messages.ts";
import type { RoomLink } from "./link.ts";
import { AVATARS, avatarOf, type Presence } from "./presence.ts";
import { Profile } from "./profile.tsx";
import { apiPath, askHub } from "./room_api.ts";
import { tiersOf } from "./tiers.ts";

/** The list is asked for so often, with as much again by chance: thousands ask. */
const EVERY_MS = 15_000;

interface Props {
  hub: HubClient;
  view: RoomView;
  link: RoomLink;
  presence: Presence;
}

export function Crowd({ hub, view, link, presence }: Props) {
  const { say } = useWords();
  const pulse = useStore(hub.room, (room) => room.pulse);
  const people = usePeople(link);
  const onStage = new Set([...view.floor, ...view.hosts].map((one) => one.participant));
  const { invited, named, others } = tiersOf(people, onStage, pulse, view.kept_in_view);
  return (
    <>
      {invited.length > 0 && (
        <section class="card" aria-labelledby="invited">
          <h2 id="invited">{say("tier.invited")}</h2>
          <People people={invited} />
        </section>
      )}
      <section class="card" aria-labelledby="audience">
        <h2 id="audience">{say("tier.audience")}</h2>
        <Numbers pulse={pulse} />
        <People people={named} />
        {named.length > 0 && others !== null && others > 0 && (
          <p class="soft">{say("tier.more", { count: others })}</p>
        )}
        <Profile presence={presence} />
      </section>
    </>
  );
}

function Numbers({ pulse }: { pulse: Pulse | null }) {
  const { say } = useWords();
  if (pulse === null) return null;
  if (pulse.listeners === null) return <p class="soft">{say("tier.hidden")}</p>;
  return (
    <p class="numbers">
      {say("tier.listeners", { count: pulse.listeners })}
      {pulse.in_hall !== null && pulse.in_hall > 0 && (
        <span class="soft">, {say("tier.in_hall", { count: pulse.in_hall })}</span>
      )}
    </p>
  );
}

function People({ people }: { people: readonly Listed[] }) {
  const { say } = useWords();
  if (people.length === 0) return null;
  return (
    <ul class="people">
      {people.map((one) => (
        <li key={one.participant}>
          <Picture avatar={one.avatar} />
          {one.name}
          {one.in_hall && <span class="soft"> · {say("tier.here")}</span>}
        </li>
      ))}
    </ul>
  );
}

function Picture({ avatar }: { avatar: string | null }) {
  const known = avatarOf(avatar);
  if (known === null) return null;
  return (
    <span class="avatar" aria-hidden="true">
      {AVATARS[known]}
    </span>
  );
}

/** Who gave a name, asked of the hub while somebody looks. */
function usePeople(link: RoomLink): Listed[] {
  const [people, setPeople] = useState<Listed[]>([]);
  useEffect(() => {
    let timer = 0;
    let isShown = true;
    const look = async () => {
      if (!document.hidden) {
        const response = await askHub(apiPath(link, "audience"), link);
        const told = readPeople(await response?.json().catch(() => null));
        if (isShown && told !== null) setPeople(told);
      }
      if (isShown) timer = window.setTimeout(look, EVERY_MS * (1 + Math.random()));
    };
    void look();
    return () => {
      isShown = false;
      window.clearTimeout(timer);
    };
  }, [link]);
  return people;
}
