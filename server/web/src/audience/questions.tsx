/** The two questions before one goes on stage. Nothing is chosen beforehand. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import type { Answer } from "../recording/own_answer.ts";
import type { Recording } from "../wire/messages.ts";

interface Props {
  recording: Recording;
  /** What was answered before. */
  before: Answer | null;
  onAnswer: (answer: Answer) => void;
  /** Null: nothing else can be done here. */
  onCancel: (() => void) | null;
  /** They follow a tap; else they come by themselves, and take nobody's focus. */
  isWanted: boolean;
}

export function Questions({ recording, before, onAnswer, onCancel, isWanted }: Props) {
  const { say, language } = useWords();
  const [recorded, setRecorded] = useState<boolean | null>(before?.recorded ?? null);
  const [published, setPublished] = useState<boolean | null>(before?.published ?? null);
  const [isBad, setBad] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (isWanted) heading.current?.focus();
    else heading.current?.scrollIntoView({ block: "nearest" });
  }, [isWanted]);
  const words = recording.notice[language];
  const answer = () => {
    if (recorded === null || (recorded && published === null)) return setBad(true);
    onAnswer({ recorded, published: recorded && published === true });
  };
  return (
    <form
      class="card questions"
      aria-labelledby="questions"
      onSubmit={(event) => {
        event.preventDefault();
        answer();
      }}
    >
      <h2 id="questions" tabIndex={-1} ref={heading}>
        {say("recording.questions")}
      </h2>
      <YesNo name="recorded" question={words.to_record} value={recorded} onValue={setRecorded} />
      {recorded !== false && (
        <YesNo
          name="published"
          question={words.to_publish}
          value={published}
          onValue={setPublished}
        />
      )}
      <p role="alert" class={isBad ? "refused" : "visually-hidden"}>
        {isBad ? say("recording.answer_both") : ""}
      </p>
      <button type="submit" class="big primary">
        {say("recording.answer")}
      </button>
      {onCancel !== null && (
        <button type="button" class="quiet" onClick={onCancel}>
          {say("recording.cancel")}
        </button>
      )}
    </form>
  );
}

interface YesNoProps {
  name: string;
  question: string;
  value: boolean | null;
  onValue: (value: boolean) => void;
}

function YesNo({ name, question, value, onValue }: YesNoProps) {
  const { say } = useWords();
  return (
    <fieldset class="yes-no">
      <legend>{question}</legend>
      {[true, false].map((one) => (
        <label key={String(one)} class="one-answer">
          <input type="radio" name={name} checked={value === one} onChange={() => onValue(one)} />
          {say(one ? "recording.yes" : "recording.no")}
        </label>
      ))}
    </fieldset>
  );
}
