/** The doors to this page: a setup link, or the password. */

import type { ComponentChildren, TargetedInputEvent } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useWords, type WordKey } from "../i18n/words.ts";
import { MAX_NAME_CHARACTERS } from "../wire/messages.ts";
import { useAct } from "./act.ts";
import type { OperatorDesk } from "./desk.ts";
import { faultWords } from "./words.ts";

/** `parvis_server.trust.password`. */
const MIN_PASSWORD_CHARACTERS = 10;
const MAX_PASSWORD_CHARACTERS = 200;
/** Makes a further session on the hub's own machine. */
const SESSION_COMMAND = "parvis session link";

export function ClaimForm({ desk }: { desk: OperatorDesk }) {
  const { say } = useWords();
  const { isBusy, fault, run, forgive } = useAct();
  const [name, setName] = useState(desk.keys.name);
  const [password, setPassword] = useState("");
  const [missed, setMissed] = useState<WordKey | null>(null);
  const words = missed !== null ? say(missed) : fault && faultWords(say, fault, "fault.link");
  const claim = () => {
    const wrong = claimFault(name, password);
    setMissed(wrong);
    if (wrong === null) run(() => desk.claim(name.trim(), password));
  };
  return (
    <>
      <DoorForm title="claim.title" words={words} go="claim.go" isBusy={isBusy} onGo={claim}>
        <p>{say("claim.text")}</p>
        <Field label={say("claim.name")} hint={say("claim.name_hint")} isWrong={missed !== null}>
          {(field) => (
            <input
              {...field}
              value={name}
              maxLength={MAX_NAME_CHARACTERS}
              autocomplete="username"
              onInput={(event) => {
                setName(event.currentTarget.value);
                setMissed(null);
                forgive();
              }}
            />
          )}
        </Field>
        <PasswordField
          label={say("claim.password")}
          hint={say("claim.password_hint")}
          isNew={true}
          value={password}
          onValue={(value) => {
            setPassword(value);
            setMissed(null);
            forgive();
          }}
        />
      </DoorForm>
      <button type="button" class="quiet" onClick={() => desk.passOver()}>
        {say("claim.not_now")}
      </button>
    </>
  );
}

/** What is wrong before the hub is asked. */
export function claimFault(name: string, password: string): WordKey | null {
  if (name.trim() === "") return "claim.name_missing";
  const length = [...password.normalize("NFC")].length;
  const fits = length >= MIN_PASSWORD_CHARACTERS && length <= MAX_PASSWORD_CHARACTERS;
  return length === 0 || fits ? null : "fault.password_bad";
}

export function SignInForm({ desk, hasEnded }: { desk: OperatorDesk; hasEnded: boolean }) {
  const { say } = useWords();
  const { isBusy, fault, run, forgive } = useAct();
  const [name, setName] = useState(desk.keys.name);
  const [password, setPassword] = useState("");
  const [missed, setMissed] = useState<WordKey | null>(null);
  const words = missed !== null ? say(missed) : fault && faultWords(say, fault, "fault.password");
  const signIn = () => {
    const wrong =
      name.trim() === ""
        ? "claim.name_missing"
        : password === ""
          ? "signin.password_missing"
          : null;
    setMissed(wrong);
    if (wrong === null) run(() => desk.signIn(name.trim(), password));
  };
  return (
    <>
      <DoorForm title="signin.title" words={words} go="signin.go" isBusy={isBusy} onGo={signIn}>
        {hasEnded && <p role="status">{say("signin.ended")}</p>}
        <Field label={say("claim.name")} isWrong={missed === "claim.name_missing"}>
          {(field) => (
            <input
              {...field}
              value={name}
              maxLength={MAX_NAME_CHARACTERS}
              autocomplete="username"
              onInput={(event) => {
                setName(event.currentTarget.value);
                setMissed(null);
              }}
            />
          )}
        </Field>
        <PasswordField
          label={say("signin.password")}
          isNew={false}
          value={password}
          onValue={(value) => {
            setPassword(value);
            setMissed(null);
            forgive();
          }}
        />
      </DoorForm>
      <section class="card" aria-labelledby="no-password">
        <h2 id="no-password">{say("signin.other")}</h2>
        <p>{say("signin.other_text")}</p>
        <pre class="command">
          <code>{SESSION_COMMAND}</code>
        </pre>
      </section>
    </>
  );
}

interface DoorProps {
  title: "claim.title" | "signin.title";
  /** What is wrong; "" or null: nothing. */
  words: string | null;
  go: WordKey;
  isBusy: boolean;
  onGo: () => void;
  children: ComponentChildren;
}

function DoorForm({ title, words, go, isBusy, onGo, children }: DoorProps) {
  const { say } = useWords();
  const alert = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (words) alert.current?.scrollIntoView({ block: "nearest" });
  }, [words]);
  return (
    <form
      class="card door-form"
      aria-labelledby="door"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onGo();
      }}
    >
      <h2 id="door">{say(title)}</h2>
      {children}
      <p class="refused" role="alert" ref={alert}>
        {words}
      </p>
      <button type="submit" class="big primary" aria-disabled={isBusy}>
        {say(isBusy ? "op.sending" : go)}
      </button>
    </form>
  );
}

interface FieldProps {
  label: string;
  hint?: string;
  isWrong?: boolean;
  children: (field: { id: string; [attribute: string]: unknown }) => ComponentChildren;
}

export function Field({ label, hint, isWrong = false, children }: FieldProps) {
  const id = useId();
  const described = hint === undefined ? {} : { "aria-describedby": `${id}-hint` };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-invalid": isWrong, ...described })}
      {hint !== undefined && (
        <p id={`${id}-hint`} class="soft">
          {hint}
        </p>
      )}
    </div>
  );
}

interface PasswordProps {
  label: string;
  hint?: string;
  isNew: boolean;
  value: string;
  onValue: (value: string) => void;
}

function PasswordField({ label, hint, isNew, value, onValue }: PasswordProps) {
  const { say } = useWords();
  const [isShown, setShown] = useState(false);
  return (
    <>
      <Field label={label} {...(hint === undefined ? {} : { hint })}>
        {(field) => {
          const shared = {
            ...field,
            value,
            maxLength: MAX_PASSWORD_CHARACTERS,
            autocomplete: isNew ? "new-password" : "current-password",
            spellcheck: false,
            onInput: (event: TargetedInputEvent<HTMLInputElement>) =>
              onValue(event.currentTarget.value),
          };
          // The types of the page's library want each spelled out.
          return isShown ? (
            <input {...shared} type="text" autocapitalize="none" />
          ) : (
            <input {...shared} type="password" />
          );
        }}
      </Field>
      <label class="tick">
        <input
          type="checkbox"
          checked={isShown}
          onChange={(event) => setShown(event.currentTarget.checked)}
        />
        {say("claim.show")}
      </label>
    </>
  );
}
