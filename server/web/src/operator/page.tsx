/** The operator's page: the door, and behind it everything that the hub needs of a person. */

import { useEffect } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { Announcement, Header } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import type { House } from "./answers.ts";
import { Consoles } from "./consoles.tsx";
import type { OperatorDesk } from "./desk.ts";
import { ClaimForm, SignInForm } from "./door.tsx";
import { HouseCard, Missing } from "./house.tsx";
import { Paired } from "./paired.tsx";
import { Record } from "./record.tsx";
import { Sessions } from "./sessions.tsx";
import { Waiting } from "./waiting.tsx";
import { faultWords, newsWords } from "./words.ts";

export function Page({ desk }: { desk: OperatorDesk }) {
  const { say } = useWords();
  const door = useStore(desk.store, (state) => state.door);
  const hasEnded = useStore(desk.store, (state) => state.hasEnded);
  const title = say("page.title", { title: say("op.title") });
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <>
      <Header />
      <main class={door === "open" ? "operator" : "operator is-door"}>
        <h1>{say("op.title")}</h1>
        <PlainWarning desk={desk} />
        {door === "claim" && <ClaimForm desk={desk} />}
        {door === "sign_in" && <SignInForm desk={desk} hasEnded={hasEnded} />}
        {door === "open" && <Inside desk={desk} />}
      </main>
    </>
  );
}

function Inside({ desk }: { desk: OperatorDesk }) {
  const { say } = useWords();
  const { trouble, units, house, sessions, acts, rooms, news } = useStore(
    desk.store,
    (state) => state,
  );
  const isPaired = news.some(({ what }) => what === "paired");
  useEffect(() => {
    // The row that had the focus is in the other list now.
    const isLost = document.activeElement === document.body;
    if (isPaired && isLost) document.getElementById("paired")?.focus();
  }, [isPaired]);
  return (
    <>
      <Announcement text={news.map((one) => newsWords(say, one)).join(" ")} />
      <div role="status">
        {trouble !== null && (
          <p class="trouble">{trouble.status === 0 ? say("op.lost") : faultWords(say, trouble)}</p>
        )}
      </div>
      <div class="columns">
        <div>
          {units !== null && <Waiting desk={desk} waiting={units.waiting} />}
          {units !== null && <Paired desk={desk} paired={units.paired} />}
        </div>
        <div>
          {house !== null && <Missing house={house} />}
          {rooms !== null && rooms.length > 0 && <Consoles desk={desk} rooms={rooms} />}
          {house !== null && <HouseCard desk={desk} house={house} />}
          {sessions !== null && <Sessions desk={desk} sessions={sessions} />}
          {acts !== null && <Record acts={acts} />}
        </div>
      </div>
    </>
  );
}

/** What is typed here opens the house: said before it is typed. */
function PlainWarning({ desk }: { desk: OperatorDesk }) {
  const { say } = useWords();
  const house = useStore(desk.store, (state) => state.house);
  if (window.isSecureContext) return null;
  const address = house === null ? null : encryptedAddress(house, location.hostname);
  return (
    <p class="trouble">
      {say("op.plain")}
      {address !== null && (
        <>
          {" "}
          <a href={address}>{say("op.plain_link")}</a>
        </>
      )}
    </p>
  );
}

/** The same page by the hub's own port that encrypts; null: it has none. */
export function encryptedAddress(house: House, hostname: string): string | null {
  const door = house.doors.find(({ scheme }) => scheme === "https");
  return door === undefined ? null : `https://${hostname}:${door.port}/operator`;
}
