/** Under what terms a room is recorded: every word of it is read by those who are asked. */

import { useState } from "preact/hooks";
import { useWords, type WordKey } from "../../i18n/words.ts";
import type { RecordingTerms } from "../../wire/messages.ts";
import { type Draft, MAX_DAYS, termsOf, UNATTENDED, type Unattended } from "./terms.ts";

/** `parvis_wire.fields.MAX_LINE_CHARACTERS`. */
const MAX_LINE_CHARACTERS = 280;

interface Props {
  first: Draft;
  label: string;
  /** Once a recording goes on, catching up is switched off, never on. */
  mayCatchUp: boolean;
  onTerms: (terms: RecordingTerms) => void;
}

export function TermsForm({ first, label, mayCatchUp, onTerms }: Props) {
  const { say, language } = useWords();
  const [draft, setDraft] = useState(first);
  const [isBad, setBad] = useState(false);
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const send = () => {
    const terms = termsOf(draft);
    setBad(terms === null);
    if (terms !== null) onTerms(terms);
  };
  const inEnglish = (
    <Text
      key="en"
      word="recorder.purpose_en"
      hint="recorder.purpose_hint"
      text={draft.purposeEn}
      onText={(purposeEn) => set({ purposeEn })}
    />
  );
  const inFrench = (
    <Text
      key="fr"
      word="recorder.purpose_fr"
      hint="recorder.purpose_hint"
      text={draft.purposeFr}
      onText={(purposeFr) => set({ purposeFr })}
    />
  );
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <fieldset class="modes">
        <legend>{say("recorder.unattended")}</legend>
        {(Object.keys(UNATTENDED) as Unattended[]).map((one) => (
          <label key={one} class="mode">
            <input
              type="radio"
              name="unattended"
              checked={draft.unattended === one}
              onChange={() => set({ unattended: one })}
            />
            {say(UNATTENDED[one])}
          </label>
        ))}
      </fieldset>
      <label class="field">
        {say("recorder.retention")}
        <input
          type="number"
          min={1}
          max={MAX_DAYS}
          value={draft.days}
          onInput={(event) => set({ days: event.currentTarget.value })}
        />
      </label>
      <label class="tick">
        <input
          type="checkbox"
          checked={draft.unrecordedMaySpeak}
          onChange={() => set({ unrecordedMaySpeak: !draft.unrecordedMaySpeak })}
        />
        {say("recorder.unrecorded")}
      </label>
      {mayCatchUp && (
        <label class="tick">
          <input
            type="checkbox"
            checked={draft.catchUp}
            onChange={() => set({ catchUp: !draft.catchUp })}
          />
          {say("recorder.catch_up")}
        </label>
      )}
      <Text
        word="recorder.contact"
        hint="recorder.contact_hint"
        text={draft.contact}
        onText={(contact) => set({ contact })}
      />
      {language === "en" ? [inEnglish, inFrench] : [inFrench, inEnglish]}
      <p role="alert" class={isBad ? "refused" : "visually-hidden"}>
        {isBad ? say("recorder.choose") : ""}
      </p>
      <button type="submit" class="small primary">
        {label}
      </button>
    </form>
  );
}

interface TextProps {
  word: WordKey;
  hint: WordKey;
  text: string;
  onText: (text: string) => void;
}

function Text({ word, hint, text, onText }: TextProps) {
  const { say } = useWords();
  return (
    <label class="field">
      {say(word)}
      <input
        value={text}
        maxLength={MAX_LINE_CHARACTERS}
        placeholder={say(hint)}
        autocomplete="off"
        onInput={(event) => onText(event.currentTarget.value)}
      />
    </label>
  );
}
