/** Asks what one is called; once, it is kept on this phone. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { MAX_NAME_CHARACTERS } from "../wire/messages.ts";
import { cleanName } from "./name.ts";

interface FormProps {
  first: string;
  /** The name raises a hand at once; or it is only changed. */
  isRaising: boolean;
  onName: (name: string) => void;
  onCancel: () => void;
}

export function NameForm({ first, isRaising, onName, onCancel }: FormProps) {
  const { say } = useWords();
  const [text, setText] = useState(first);
  const [isBad, setBad] = useState(false);
  const name = cleanName(text);
  const confirm = name === null ? say("hand.raise") : say("hand.confirm", { name });
  return (
    <form
      class="bar"
      onSubmit={(event) => {
        event.preventDefault();
        if (name === null) setBad(true);
        else onName(name);
      }}
    >
      <NameField
        label={say("hand.name")}
        text={text}
        isBad={isBad && name === null}
        onText={setText}
        hasFocus={true}
      />
      <button type="submit" class="big primary">
        {isRaising ? confirm : say("hand.keep_name")}
      </button>
      <button type="button" class="quiet" onClick={onCancel}>
        {say("hand.cancel")}
      </button>
    </form>
  );
}

interface FieldProps {
  label: string;
  text: string;
  isBad: boolean;
  hasFocus?: boolean;
  onText: (text: string) => void;
}

/** A name being written, with what is wrong with it. */
export function NameField({ label, text, isBad, hasFocus = false, onText }: FieldProps) {
  const { say } = useWords();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (hasFocus) field.current?.focus();
  }, [hasFocus]);
  return (
    <>
      <label for="name">{label}</label>
      <input
        id="name"
        ref={field}
        value={text}
        autocomplete="nickname"
        maxLength={2 * MAX_NAME_CHARACTERS}
        aria-describedby="name-hint"
        aria-invalid={isBad}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      <p id="name-hint" class="soft" role={isBad ? "alert" : undefined}>
        {say(isBad ? "hand.name_bad" : "hand.name_hint")}
      </p>
    </>
  );
}
