/** The units that want to join: who they are, and each way to let them in, a step at a time. */

import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Confirm } from "../host/confirm.tsx";
import { counted } from "../host/sound/figures.ts";
import { useWords } from "../i18n/words.ts";
import type { Typed } from "../ui/typed_code.ts";
import { type Doing, useAct } from "./act.ts";
import type { WaitingUnit } from "./answers.ts";
import { part } from "./api.ts";
import type { OperatorDesk } from "./desk.ts";
import { useNow } from "./now.ts";
import { stepOf } from "./pairing.ts";
import { canScan, Scan } from "./scan.tsx";
import { CODE_CHARACTERS, readSetupCode, spelled } from "./setup_code.ts";
import { moment } from "./times.ts";
import { codeFaultWords, faultWords, stateWords, unitName } from "./words.ts";

interface Props {
  desk: OperatorDesk;
  waiting: readonly WaitingUnit[];
}

export function Waiting({ desk, waiting }: Props) {
  const { say } = useWords();
  return (
    <section class="card" aria-labelledby="waiting">
      <h2 id="waiting" tabIndex={-1}>
        {say("waiting.title")}
        {waiting.length > 0 && <span class="count">{waiting.length}</span>}
      </h2>
      {waiting.length === 0 && <p class="soft">{say("waiting.none")}</p>}
      <ul class="rows">
        {waiting.map((unit) => (
          <WaitingRow key={unit.unit} desk={desk} unit={unit} />
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  desk: OperatorDesk;
  unit: WaitingUnit;
}

function WaitingRow({ desk, unit }: RowProps) {
  const step = stepOf(unit);
  const doing = useAct();
  // Kept while the unit looks at it: of a wrong code only a sign may be wrong.
  const [typed, setTyped] = useState("");
  const isUnderway = step === "press" || step === "asked";
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // What had the focus is gone: the next thing to know is here.
    if (isUnderway && document.activeElement === document.body) heading.current?.focus();
  }, [isUnderway]);
  return (
    <li class={`waiting is-${step}`}>
      <Who unit={unit} heading={heading} />
      <Progress desk={desk} unit={unit} />
      {!isUnderway && (
        <WaysIn desk={desk} unit={unit} doing={doing} typed={typed} onTyped={setTyped} />
      )}
      <Identify desk={desk} unit={unit} />
    </li>
  );
}

function Who({
  unit,
  heading,
}: {
  unit: WaitingUnit;
  heading: RefObject<HTMLHeadingElement | null>;
}) {
  const { say, language } = useWords();
  const { name, sinceUtcMs, address } = unit;
  const told = [
    sinceUtcMs === null ? "" : say("op.since", { when: moment(sinceUtcMs, Date.now(), language) }),
    address === null ? "" : say("op.from", { address }),
  ].filter((words) => words !== "");
  return (
    <div class="who">
      <h3 ref={heading} tabIndex={-1}>
        {name ?? say("waiting.unnamed")}
      </h3>
      <Print print={unit.unit} />
      <p class="soft">{told.join(" · ")}</p>
    </div>
  );
}

/** A key as people compare it. */
export function Print({ print }: { print: string }) {
  const { say } = useWords();
  return (
    <p class="print">
      <span class="soft">{say("waiting.print")}</span> <code>{spelled(print)}</code>
    </p>
  );
}

/** Where it stands; the figures that run are not read aloud, the news of the page is. */
function Progress({ desk, unit }: RowProps) {
  const { say, language } = useWords();
  const step = stepOf(unit);
  if (step === "waiting") return null;
  const isBad = step === "wrong_code" || step === "refused";
  const isCounted = step === "wrong_code" && unit.triesLeft !== null;
  return (
    <div class={isBad ? "progress is-bad" : "progress"}>
      <p>{stateWords(say, unit)}</p>
      {step === "press" && <Countdown desk={desk} unit={unit.unit} />}
      {isCounted && (
        <p class="soft">
          {counted(say, language, unit.triesLeft ?? 0, "waiting.tries_one", "waiting.tries_other")}
        </p>
      )}
    </div>
  );
}

function Countdown({ desk, unit }: { desk: OperatorDesk; unit: string }) {
  const { say } = useWords();
  const left = desk.presses.leftS(unit, useNow());
  if (left === null) return null;
  return (
    <p class="countdown" role="timer" aria-live="off">
      {say("waiting.left", { seconds: left })}
    </p>
  );
}

interface WaysProps extends RowProps {
  doing: Doing;
  typed: string;
  onTyped: (typed: string) => void;
}

/** By the code of its label; without one only after a question. */
function WaysIn(props: WaysProps) {
  const { desk, unit, doing } = props;
  const { say } = useWords();
  const [isAsking, setAsking] = useState(false);
  const name = unitName(unit);
  const accept = () => doing.run(() => desk.act("POST", `units/${part(unit.unit)}/accept`, {}));
  const refused = doing.fault === null ? "" : faultWords(say, doing.fault);
  if (isAsking) {
    return (
      <Confirm
        question={say("pair.first_use_ask", { name })}
        yes={say("pair.first_use_yes")}
        no={say("pair.first_use_no")}
        onAnswer={(isSure) => {
          setAsking(false);
          if (isSure) accept();
        }}
      />
    );
  }
  const isPlain = unit.hasCode === false;
  const words = say(isPlain ? "pair.first_use" : "pair.no_label");
  const noLabel = (
    <button
      type="button"
      class={isPlain ? "big" : "quiet"}
      aria-label={`${words}: ${name}`}
      onClick={() => setAsking(true)}
    >
      {words}
    </button>
  );
  if (isPlain) {
    return (
      <>
        <p class="refused" role="alert">
          {refused}
        </p>
        {noLabel}
      </>
    );
  }
  return (
    <>
      <CodeForm {...props} refused={refused} />
      {unit.hasCode !== true && noLabel}
    </>
  );
}

interface CodeProps extends WaysProps {
  refused: ComponentChildren;
}

function CodeForm({ desk, unit, doing, typed, onTyped, refused }: CodeProps) {
  const { say } = useWords();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<Exclude<Typed, { code: string }> | null>(null);
  const [isScanning, setScanning] = useState(false);
  const name = unitName(unit);
  useEffect(() => {
    if (fault !== null) field.current?.focus();
  }, [fault]);
  const pairBy = (code: string) => {
    setFault(null);
    doing.run(() => desk.act("POST", `units/${part(unit.unit)}/pair`, { code }));
  };
  const pair = () => {
    const read = readSetupCode(typed);
    if ("fault" in read) return setFault(read);
    pairBy(read.code);
  };
  return (
    <form
      class="code-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        pair();
      }}
    >
      <label for={id}>{say("pair.code", { name })}</label>
      <input
        id={id}
        ref={field}
        class="code"
        value={typed}
        // With room for dashes, blanks, and what else a paste brings.
        maxLength={CODE_CHARACTERS * 4}
        autocomplete="off"
        autocapitalize="characters"
        autocorrect="off"
        spellcheck={false}
        enterkeyhint="go"
        aria-invalid={fault !== null}
        aria-describedby={`${id}-fault ${id}-hint`}
        onInput={(event) => {
          onTyped(event.currentTarget.value);
          setFault(null);
          doing.forgive();
        }}
      />
      <p id={`${id}-fault`} class="refused" role="alert">
        {fault !== null ? codeFaultWords(say, fault) : refused}
      </p>
      <button
        type="submit"
        class="big primary"
        aria-disabled={doing.isBusy}
        aria-label={doing.isBusy ? undefined : say("pair.go_name", { name })}
      >
        {say(doing.isBusy ? "op.sending" : "pair.go")}
      </button>
      <p id={`${id}-hint`} class="soft">
        {say("pair.code_hint")}
      </p>
      {canScan() && !isScanning && (
        <button
          type="button"
          class="plain"
          aria-label={say("scan.title", { name })}
          onClick={() => setScanning(true)}
        >
          {say("scan.open")}
        </button>
      )}
      {isScanning && (
        <Scan
          name={name}
          onCode={(code) => {
            setScanning(false);
            onTyped(code);
            pairBy(code);
          }}
          onClose={() => {
            setScanning(false);
            field.current?.focus();
          }}
        />
      )}
    </form>
  );
}

/** For units that wait and those that are paired: which of them is it? */
export function Identify({
  desk,
  unit,
}: {
  desk: OperatorDesk;
  unit: { unit: string; name: string | null };
}) {
  const { say } = useWords();
  const { fault, run } = useAct();
  const [hasBlinked, setBlinked] = useState(false);
  const name = unitName(unit);
  return (
    <div class="identify">
      <button
        type="button"
        class="small plain"
        aria-label={`${say("waiting.identify")}: ${name}`}
        onClick={() =>
          run(
            () => desk.act("POST", `units/${part(unit.unit)}/identify`, {}),
            () => setBlinked(true),
          )
        }
      >
        {say("waiting.identify")}
      </button>
      <p class={fault === null ? "soft" : "refused"} role="status">
        {fault !== null && faultWords(say, fault)}
        {fault === null && hasBlinked && say("waiting.blinks", { name })}
      </p>
    </div>
  );
}
