/** The hub itself: what is missing and what to do about it, how it is reached, who may come in how. */

import { Fragment } from "preact";
import { useState } from "preact/hooks";
import { Confirm } from "../host/confirm.tsx";
import { Fold } from "../host/fold.tsx";
import { counted } from "../host/sound/figures.ts";
import { useWords } from "../i18n/words.ts";
import { useAct } from "./act.ts";
import type { DoorInfo, House } from "./answers.ts";
import type { OperatorDesk } from "./desk.ts";
import { date } from "./times.ts";
import { faultWords, missingWords } from "./words.ts";

export function Missing({ house }: { house: House }) {
  const { say, language } = useWords();
  const { missing } = house;
  if (missing.length === 0) return <p class="ready">{say("house.ready")}</p>;
  return (
    <section class="card missing" aria-labelledby="missing">
      <h2 id="missing">
        {counted(say, language, missing.length, "house.missing_one", "house.missing_other")}
      </h2>
      <ul class="rows">
        {missing.map((code) => (
          <li key={code}>{missingWords(say, code)}</li>
        ))}
      </ul>
    </section>
  );
}

export function HouseCard({ desk, house }: { desk: OperatorDesk; house: House }) {
  const { say } = useWords();
  const hint = say(house.announced ? "house.announced" : "house.not_announced");
  return (
    <Fold title={say("house.title")} hint={hint}>
      {() => (
        <>
          {house.openHouse && <p class="warning">{say("house.open_house")}</p>}
          <section aria-labelledby="doors">
            <h3 id="doors">{say("house.doors")}</h3>
            <ul class="rows">
              {house.doors.map((door) => (
                <DoorRow key={`${door.scheme} ${door.port}`} door={door} />
              ))}
            </ul>
          </section>
          <section aria-labelledby="site">
            <h3 id="site">{say("house.site")}</h3>
            <p class="print">
              <code>{house.site}</code>
            </p>
            <p class="soft">{say("house.site_hint")}</p>
          </section>
          <PlainHost desk={desk} isOn={house.plainHost} />
        </>
      )}
    </Fold>
  );
}

function DoorRow({ door }: { door: DoorInfo }) {
  const { say } = useWords();
  const words =
    door.certificate === null
      ? "house.plain_door"
      : door.certificate === "files"
        ? "house.files_door"
        : "house.own_door";
  return (
    <li>
      <p>{say(words, { port: door.port })}</p>
      <Expiry utcMs={door.expiresUtcMs} />
      {door.fingerprint !== null && (
        <p class="print">
          <span class="soft">{say("house.fingerprint")}</span>{" "}
          <Fingerprint octets={door.fingerprint} />
        </p>
      )}
    </li>
  );
}

/** Breaks between octets, never within one. */
function Fingerprint({ octets }: { octets: string }) {
  const parts = octets.split(":");
  return (
    <code>
      {parts.map((octet, at) => (
        <Fragment key={at}>
          {at > 0 && ":"}
          <wbr />
          {octet}
        </Fragment>
      ))}
    </code>
  );
}

function Expiry({ utcMs }: { utcMs: number | null }) {
  const { say, language } = useWords();
  if (utcMs === null) return null;
  const isOver = utcMs <= Date.now();
  return (
    <p class={isOver ? "warning" : "soft"}>
      {say(isOver ? "house.expired" : "house.expires", { date: date(utcMs, language) })}
    </p>
  );
}

/** On only after a question: it gives something away. */
function PlainHost({ desk, isOn }: { desk: OperatorDesk; isOn: boolean }) {
  const { say } = useWords();
  const { fault, run } = useAct();
  const [isAsking, setAsking] = useState(false);
  const set = (on: boolean) => run(() => desk.act("PATCH", "house", { plain_host: on }));
  return (
    <section class="plain-host" aria-labelledby="plain-host">
      <button
        type="button"
        class="switch"
        role="switch"
        aria-checked={isOn}
        aria-describedby="plain-host-hint"
        onClick={() => (isOn ? set(false) : setAsking(true))}
      >
        <span class="knob" aria-hidden="true" />
        <span id="plain-host">{say("house.plain_host")}</span>
      </button>
      <p id="plain-host-hint" class={isOn ? "warning" : "soft"}>
        {say(isOn ? "house.plain_host_on" : "house.plain_host_hint")}
      </p>
      <p class="refused" role="alert">
        {fault !== null && faultWords(say, fault)}
      </p>
      {isAsking && (
        <Confirm
          question={say("house.plain_host_ask")}
          yes={say("house.plain_host_yes")}
          no={say("house.plain_host_no")}
          onAnswer={(isSure) => {
            setAsking(false);
            if (isSure) set(true);
          }}
        />
      )}
    </section>
  );
}
