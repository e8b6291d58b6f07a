/** A question in one line: read out for its author, or said by them. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import type { Wish } from "../room/commands.ts";
import { charactersLeft, cleanLine, isNearlyFull, onOneLine } from "./line_text.ts";
import { cleanName } from "./name.ts";
import { NameField } from "./name_form.tsx";
import type { Presence } from "./presence.ts";

interface Props {
  name: string | null;
  /** Whether what one says oneself is said into this phone. */
  speaks: boolean;
  presence: Presence;
  onSend: (wish: Wish) => void;
  onCancel: () => void;
}

export function WriteForm({ name, speaks, presence, onSend, onCancel }: Props) {
  const { say } = useWords();
  const [text, setText] = useState("");
  const [isSpoken, setSpoken] = useState(false);
  const [isAnonymous, setAnonymous] = useState(false);
  const [as, setAs] = useState(name ?? "");
  const [isBad, setBad] = useState(false);
  const line = cleanLine(text);
  const clean = cleanName(as);
  const needsName = name === null && !isAnonymous;
  const send = () => {
    if (line === null || (needsName && clean === null)) return setBad(true);
    if (needsName && clean !== null) presence.rename(clean);
    const called = clean === null ? {} : { name: clean };
    onSend({
      type: "raise_hand",
      ...called,
      text: line,
      written: !isSpoken,
      speaks: isSpoken && speaks,
      anonymous: isAnonymous,
    });
  };
  return (
    <form
      class="bar write"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <TextField text={text} isBad={isBad && line === null} onText={setText} />
      <Who isSpoken={isSpoken} onChange={setSpoken} />
      <label class="tick">
        <input
          type="checkbox"
          checked={isAnonymous}
          onChange={(event) => setAnonymous(event.currentTarget.checked)}
        />
        {say("write.anonymous")}
      </label>
      {needsName && (
        <NameField
          label={say("hand.name")}
          text={as}
          isBad={isBad && clean === null}
          onText={setAs}
        />
      )}
      <button type="submit" class="big primary">
        {say("write.send")}
      </button>
      <button type="button" class="quiet" onClick={onCancel}>
        {say("hand.cancel")}
      </button>
    </form>
  );
}

interface FieldProps {
  text: string;
  isBad: boolean;
  onText: (text: string) => void;
}

function TextField({ text, isBad, onText }: FieldProps) {
  const { say } = useWords();
  const field = useRef<HTMLTextAreaElement>(null);
  const left = charactersLeft(text);
  const counted =
    left < 0 ? say("write.over", { count: -left }) : say("write.left", { count: left });
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <>
      <label for="line-text">{say("write.label")}</label>
      <textarea
        id="line-text"
        ref={field}
        rows={3}
        value={text}
        aria-describedby="line-left"
        aria-invalid={isBad || left < 0}
        onInput={(event) => onText(onOneLine(event.currentTarget.value))}
      />
      <p id="line-left" class={left < 0 ? "refused left" : "soft left"}>
        {counted}
      </p>
      <p class="visually-hidden" role="status">
        {isNearlyFull(left) ? counted : ""}
      </p>
      {isBad && (
        <p class="refused" role="alert">
          {say("write.empty")}
        </p>
      )}
    </>
  );
}

function Who({ isSpoken, onChange }: { isSpoken: boolean; onChange: (isSpoken: boolean) => void }) {
  const { say } = useWords();
  const choice = (value: boolean, words: string) => (
    <label class="tick">
      <input
        type="radio"
        name="who-says-it"
        checked={isSpoken === value}
        onChange={() => onChange(value)}
      />
      {words}
    </label>
  );
  return (
    <fieldset class="who">
      <legend>{say("write.how")}</legend>
      {choice(false, say("write.read_out"))}
      {choice(true, say("write.spoken"))}
    </fieldset>
  );
}
