/** The paired units: here or away, how each came in, its name, and the end of it. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Confirm } from "../host/confirm.tsx";
import { type Say, useWords } from "../i18n/words.ts";
import { Program } from "../updates/program.tsx";
import { MAX_NAME_CHARACTERS } from "../wire/messages.ts";
import { useAct } from "./act.ts";
import type { PairedUnit } from "./answers.ts";
import { part } from "./api.ts";
import type { OperatorDesk } from "./desk.ts";
import { Field } from "./door.tsx";
import { agoWords, moment } from "./times.ts";
import { Identify, Print } from "./waiting.tsx";
import { faultWords, howWords, unitName } from "./words.ts";

interface Props {
  desk: OperatorDesk;
  paired: readonly PairedUnit[];
}

export function Paired({ desk, paired }: Props) {
  const { say } = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <section class="card" aria-labelledby="paired">
      <h2 id="paired" ref={heading} tabIndex={-1}>
        {say("paired.title")}
        {paired.length > 0 && <span class="count">{paired.length}</span>}
      </h2>
      {paired.length === 0 && <p class="soft">{say("paired.none")}</p>}
      <ul class="rows">
        {paired.map((unit) => (
          <PairedRow
            key={unit.unit}
            desk={desk}
            unit={unit}
            // The row goes, and the focus with it.
            onGone={() => heading.current?.focus()}
          />
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  desk: OperatorDesk;
  unit: PairedUnit;
}

function PairedRow({ desk, unit, onGone }: RowProps & { onGone: () => void }) {
  const { say } = useWords();
  const [isOpen, setOpen] = useState(false);
  const name = unitName(unit);
  const more = `more-${unit.unit}`;
  return (
    <li class={unit.here ? "paired is-here" : "paired"}>
      <span class="lamp" aria-hidden="true" />
      <div class="who">
        <h3>{name}</h3>
        <Where unit={unit} />
        <How unit={unit} />
        {unit.version !== null && <Program version={unit.version} update={unit.update} />}
      </div>
      <button
        type="button"
        class="small plain"
        aria-expanded={isOpen}
        aria-controls={more}
        aria-label={say("paired.more_name", { name })}
        onClick={() => setOpen(!isOpen)}
      >
        {say("paired.more")}
      </button>
      <div id={more} class="more" hidden={!isOpen}>
        {isOpen && <More desk={desk} unit={unit} onGone={onGone} />}
      </div>
    </li>
  );
}

function Where({ unit }: { unit: PairedUnit }) {
  const { say, language } = useWords();
  return <p class={unit.here ? "here" : "soft"}>{whereWords(say, language, unit, Date.now())}</p>;
}

export function whereWords(say: Say, language: string, unit: PairedUnit, nowMs: number): string {
  if (unit.here) {
    return unit.room === null ? say("paired.here") : say("paired.in_room", { room: unit.room });
  }
  if (unit.lastSeenUtcMs === null) return say("paired.away");
  const when = agoWords(nowMs - unit.lastSeenUtcMs, language) ?? say("sessions.now");
  return say("paired.away_since", { when });
}

function How({ unit }: { unit: PairedUnit }) {
  const { say, language } = useWords();
  const how = howWords(say, unit.how);
  const when = unit.pairedUtcMs === null ? "" : moment(unit.pairedUtcMs, Date.now(), language);
  const by = unit.by ?? "";
  const isFirstUse = unit.how === "press";
  return (
    <p class={isFirstUse ? "how is-first-use" : "how soft"}>
      {by === "" ? say("paired.how", { how, when }) : say("paired.how_by", { how, when, by })}
    </p>
  );
}

function More({ desk, unit, onGone }: RowProps & { onGone: () => void }) {
  const { say } = useWords();
  return (
    <>
      <Print print={unit.unit} />
      {unit.how === "press" && <p class="soft">{say("paired.press_hint")}</p>}
      {unit.here && <Identify desk={desk} unit={unit} />}
      <Rename desk={desk} unit={unit} />
      <Revoke desk={desk} unit={unit} onGone={onGone} />
    </>
  );
}

function Rename({ desk, unit }: RowProps) {
  const { say } = useWords();
  const { isBusy, fault, run, forgive } = useAct();
  const [text, setText] = useState<string | null>(null);
  const [isMissing, setMissing] = useState(false);
  if (text === null) {
    return (
      <button type="button" class="small plain" onClick={() => setText(unit.name ?? "")}>
        {say("paired.rename")}
      </button>
    );
  }
  const save = () => {
    const name = text.trim();
    setMissing(name === "");
    if (name === "") return;
    run(
      () => desk.act("PATCH", `units/${part(unit.unit)}`, { name }),
      () => setText(null),
    );
  };
  return (
    <form
      class="rename"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Field label={say("paired.name")} isWrong={isMissing}>
        {(field) => (
          <NameInput
            field={field}
            value={text}
            onValue={(value) => {
              setText(value);
              setMissing(false);
              forgive();
            }}
          />
        )}
      </Field>
      <p class="refused" role="alert">
        {isMissing && say("paired.name_missing")}
        {!isMissing && fault !== null && faultWords(say, fault)}
      </p>
      <button type="submit" class="small primary" aria-disabled={isBusy}>
        {say("paired.save")}
      </button>
    </form>
  );
}

interface NameProps {
  field: object;
  value: string;
  onValue: (value: string) => void;
}

/** Opened by a tap: the words are typed at once. */
function NameInput({ field, value, onValue }: NameProps) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.select(), []);
  return (
    <input
      {...field}
      ref={input}
      value={value}
      maxLength={MAX_NAME_CHARACTERS}
      autocomplete="off"
      onInput={(event) => onValue(event.currentTarget.value)}
    />
  );
}

function Revoke({ desk, unit, onGone }: RowProps & { onGone: () => void }) {
  const { say } = useWords();
  const { fault, run } = useAct();
  const [isAsking, setAsking] = useState(false);
  const name = unitName(unit);
  if (isAsking) {
    return (
      <Confirm
        question={say("paired.revoke_ask", { name })}
        yes={say("paired.revoke")}
        no={say("pair.first_use_no")}
        onAnswer={(isSure) => {
          setAsking(false);
          if (isSure) run(() => desk.act("DELETE", `units/${part(unit.unit)}`), onGone);
        }}
      />
    );
  }
  return (
    <>
      <p class="refused" role="alert">
        {fault !== null && faultWords(say, fault)}
      </p>
      <button
        type="button"
        class="small danger"
        aria-label={say("paired.revoke_name", { name })}
        onClick={() => setAsking(true)}
      >
        {say("paired.revoke")}
      </button>
    </>
  );
}
