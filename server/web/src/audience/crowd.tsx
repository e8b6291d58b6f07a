/** Behind the stage: who was invited, and the audience: names where people gave one, else numbers. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { type Listed, readPeople } from "../room/people.ts";
import { useStore } from "../ui/store.ts";
import type { Pulse, RoomView } from "../wire/messages.ts";
import type { RoomLink } from "./link.ts";
import { AVATARS, avatarOf, type Presence } from "./presence.ts";
import { Profile } from "./profile.tsx";
import { apiPath, askHub } from "./room_api.ts";
import { mayKeepInView, tiersOf } from "./tiers.ts";

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
  const keeping = useKeeping(hub, view);
  return (
    <>
      {invited.length > 0 && (
        <section class="card" aria-labelledby="invited">
          <h2 id="invited">{say("tier.invited")}</h2>
          <People people={invited} keeping={keeping} />
        </section>
      )}
      <section class="card" aria-labelledby="audience">
        <h2 id="audience">{say("tier.audience")}</h2>
        <Numbers pulse={pulse} />
        {keeping !== null && named.some((one) => one.participant !== keeping.me) && (
          <p class="soft">{say("tier.keep_hint")}</p>
        )}
        <People people={named} keeping={keeping} />
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

/** Who may do so chooses whom everybody sees behind the stage. */
interface Keeping {
  me: string | null;
  isKept(participant: string): boolean;
  set(participant: string, on: boolean): void;
}

/** Null: they may not. A person who was chosen stands in another list, and the focus goes along. */
function useKeeping(hub: HubClient, view: RoomView): Keeping | null {
  const me = useStore(hub.room, (room) => room.participant);
  const isSpeaker = useStore(hub.room, (room) => room.isSpeaker);
  const moved = useRef<string | null>(null);
  const kept = view.kept_in_view;
  useEffect(() => {
    if (moved.current !== null && document.activeElement === document.body) {
      document.getElementById(buttonOf(moved.current))?.focus();
    }
    moved.current = null;
  }, [kept]);
  if (!mayKeepInView(view, me, isSpeaker)) return null;
  return {
    me,
    isKept: (participant) => kept.includes(participant),
    set: (participant, on) => {
      moved.current = participant;
      hub.wish({ type: "keep_in_view", participant, on });
    },
  };
}

function buttonOf(participant: string): string {
  return `keep-${participant}`;
}

interface PeopleProps {
  people: readonly Listed[];
  keeping: Keeping | null;
}

function People({ people, keeping }: PeopleProps) {
  const { say } = useWords();
  if (people.length === 0) return null;
  return (
    <ul class={keeping === null ? "people" : "people has-acts"}>
      {people.map((one) => (
        <li key={one.participant}>
          <span>
            <Picture avatar={one.avatar} />
            {one.name}
            {one.in_hall && <span class="soft"> · {say("tier.here")}</span>}
          </span>
          {keeping !== null && <Keep person={one} keeping={keeping} />}
        </li>
      ))}
    </ul>
  );
}

/** Who was invited stands behind the stage anyway, and nobody puts themselves there. */
function Keep({ person, keeping }: { person: Listed; keeping: Keeping }) {
  const { say } = useWords();
  const { participant, name } = person;
  const isKept = keeping.isKept(participant);
  if (participant === keeping.me || (person.invited && !isKept)) return null;
  return (
    <button
      type="button"
      id={buttonOf(participant)}
      class="small keep"
      aria-pressed={isKept}
      aria-label={say("tier.keep_name", { name })}
      onClick={() => keeping.set(participant, !isKept)}
    >
      {isKept && <span aria-hidden="true">✓ </span>}
      {say("tier.keep")}
    </button>
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
