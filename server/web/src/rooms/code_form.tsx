/** The field for a room's code: it leads there, or one sentence says what to look at. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Say, useWords } from "../i18n/words.ts";
import type { Typed } from "../ui/typed_code.ts";
import { readCode } from "./code.ts";
import { type FoundCode, findCode } from "./hub.ts";

type Fault = Exclude<Typed, { code: string }> | Exclude<FoundCode, { path: string }>;

export function CodeForm({ given }: { given: string }) {
  const { say } = useWords();
  const [typed, setTyped] = useState(given);
  const { fault, isAsking, enter, forget } = useEntry();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (fault !== null) field.current?.focus();
  }, [fault]);
  return (
    <form
      class="card code-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void enter(typed);
      }}
    >
      <label for="code">{say("rooms.code")}</label>
      <input
        id="code"
        ref={field}
        class="code"
        value={typed}
        maxLength={200}
        autocomplete="off"
        autocapitalize="characters"
        autocorrect="off"
        spellcheck={false}
        enterkeyhint="go"
        aria-invalid={fault !== null}
        aria-describedby="code-fault code-hint"
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          forget();
        }}
      />
      <p id="code-fault" class="refused" role="alert">
        {fault !== null && faultWords(fault, say)}
      </p>
      <button type="submit" class="big primary" aria-disabled={isAsking}>
        {say(isAsking ? "rooms.looking" : "rooms.enter")}
      </button>
      <p id="code-hint" class="soft">
        {say("rooms.code_hint")}
      </p>
    </form>
  );
}

/** One attempt at a time. */
function useEntry() {
  const [fault, setFault] = useState<Fault | null>(null);
  const [isAsking, setAsking] = useState(false);
  useEffect(() => {
    // The way back shows this page as it was left: asking.
    const rest = () => setAsking(false);
    window.addEventListener("pageshow", rest);
    return () => window.removeEventListener("pageshow", rest);
  }, []);
  const enter = async (typed: string) => {
    if (isAsking) return;
    const read = readCode(typed);
    if ("fault" in read) return setFault(read);
    setFault(null);
    setAsking(true);
    const found = await findCode(read.code);
    if ("path" in found) return location.assign(found.path);
    setAsking(false);
    setFault(found);
  };
  return { fault, isAsking, enter, forget: () => setFault(null) };
}

function faultWords(fault: Fault, say: Say): string {
  switch (fault.fault) {
    case "empty":
      return say("rooms.fault_empty");
    case "length":
      return say("rooms.fault_length", { count: fault.count });
    case "look_alike":
      return say("rooms.fault_look_alike", { sign: fault.sign, ...fault.likely });
    case "stray":
      return say("rooms.fault_stray", { sign: fault.sign });
    case "unknown":
      return say("rooms.fault_unknown");
    case "too_many":
      return say("rooms.fault_too_many");
    case "busy":
      return say("rooms.fault_busy");
    case "unreachable":
      return say("rooms.fault_unreachable");
  }
}
