/** The audience: how many, who gave a name, and who has spoken how long. */

import { useEffect, useState } from "preact/hooks";
import { useWords, type WordKey } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { EVERY_MS, inOrder, type Listed, readPeople } from "../../room/people.ts";
import { useStore } from "../../ui/store.ts";
import type { RoomView } from "../../wire/messages.ts";
import type { HostApi } from "../api.ts";
import { roughly } from "../clock.ts";
import { Fold } from "../fold.tsx";
import { counted, percentOf } from "../sound/figures.ts";
import { BlockButtons, OutButton } from "./block.tsx";
import { type Share, shareList } from "./shares.ts";

interface Props {
  hub: HubClient;
  view: RoomView;
  api: HostApi;
}

const SHARES: Record<Share["of"], WordKey> = {
  stage: "shares.stage",
  hall: "shares.hall",
  phones: "shares.phones",
};

export function People({ hub, view, api }: Props) {
  const { say, language } = useWords();
  const listeners = useStore(hub.room, (room) => room.status?.listeners ?? 0);
  const hint = counted(say, language, listeners, "host.listeners_one", "host.listeners_other");
  return (
    <Fold title={say("people.title")} hint={hint} class="people">
      {() => (
        <>
          <TalkShares hub={hub} />
          <Named hub={hub} view={view} api={api} />
          <Blocked hub={hub} view={view} />
        </>
      )}
    </Fold>
  );
}

function TalkShares({ hub }: { hub: HubClient }) {
  const { say, language } = useWords();
  const shares = useStore(hub.room, (room) => room.status?.shares ?? null);
  const list = shares === null ? null : shareList(shares);
  return (
    <section aria-labelledby="shares">
      <h3 id="shares">{say("shares.title")}</h3>
      {list === null && <p class="soft">{say("shares.none")}</p>}
      <ul class="shares">
        {(list ?? []).map(({ of, ms, percent }) => (
          <li key={of}>
            <span class="share-words">
              <strong>{say(SHARES[of])}</strong>
              <span>
                {percentOf(language, percent)} · {roughly(say, language, ms)}
              </span>
            </span>
            <progress max={100} value={percent} aria-hidden="true" />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Named({ hub, view, api }: Props) {
  const { say, language } = useWords();
  const people = usePeople(api);
  return (
    <section aria-labelledby="named">
      <h3 id="named">{say("people.named")}</h3>
      {people !== null && people.length === 0 && <p class="soft">{say("people.none")}</p>}
      <ul class="named">
        {inOrder(people ?? [], language).map((person) => (
          <PersonRow key={person.participant} hub={hub} view={view} person={person} />
        ))}
      </ul>
    </section>
  );
}

interface PersonProps {
  hub: HubClient;
  view: RoomView;
  person: Listed;
}

function PersonRow({ hub, view, person }: PersonProps) {
  const { say } = useWords();
  const { participant, name } = person;
  const runs = view.hosts.some((host) => host.participant === participant);
  const isKept = view.kept_in_view.includes(participant);
  const marks = [
    person.in_hall ? say("line.unit") : "",
    person.invited ? say("people.invited") : "",
    runs ? say("people.runs") : "",
    isKept ? say("people.kept") : "",
  ].filter((word) => word !== "");
  return (
    <li class="person">
      <span class="person-name">
        {name} <span class="soft">{marks.join(" · ")}</span>
      </span>
      {!runs && (
        <span class="row-acts">
          <button
            type="button"
            class="small"
            aria-pressed={isKept}
            aria-label={say("people.keep_name", { name })}
            onClick={() => hub.wish({ type: "keep_in_view", participant, on: !isKept })}
          >
            {say("people.keep")}
          </button>
          <button
            type="button"
            class="small"
            aria-label={say("people.cohost_name", { name })}
            onClick={() => hub.wish({ type: "set_rank", participant, rank: "cohost" })}
          >
            {say("people.cohost")}
          </button>
          <BlockButtons hub={hub} participant={participant} name={name} />
        </span>
      )}
    </li>
  );
}

function Blocked({ hub, view }: { hub: HubClient; view: RoomView }) {
  const { say } = useWords();
  const blocked = view.desk?.blocked ?? [];
  if (blocked.length === 0) return null;
  return (
    <section aria-labelledby="blocked">
      <h3 id="blocked">{say("people.blocked")}</h3>
      <ul class="named">
        {blocked.map(({ participant, name, out }) => (
          <li key={participant} class="person">
            <span class="person-name">
              {name} {out && <span class="soft">{say("people.out")}</span>}
            </span>
            {!out && <OutButton hub={hub} participant={participant} name={name} />}
            <button
              type="button"
              class="small"
              aria-label={say("people.unblock_name", { name })}
              onClick={() => hub.wish({ type: "unblock", participant })}
            >
              {say("people.unblock")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The list, asked for anew while it is shown; null: not known yet. */
function usePeople(api: HostApi): Listed[] | null {
  const [people, setPeople] = useState<Listed[] | null>(null);
  useEffect(() => {
    let isShown = true;
    const look = () =>
      api.json("audience").then((answer) => {
        const found = readPeople(answer);
        if (isShown && found !== null) setPeople(found);
      });
    look();
    const timer = window.setInterval(look, EVERY_MS);
    return () => {
      isShown = false;
      window.clearInterval(timer);
    };
  }, [api]);
  return people;
}
