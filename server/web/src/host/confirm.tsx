/** A question before what cannot be taken back: the focus is on the safe answer. */

import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  question: string;
  yes: string;
  no: string;
  onAnswer: (isSure: boolean) => void;
}

export function Confirm({ question, yes, no, onAnswer }: Props) {
  const id = useId();
  const safe = useRef<HTMLButtonElement>(null);
  // Before the next key: an effect after painting would let it go nowhere.
  useLayoutEffect(() => safe.current?.focus(), []);
  return (
    <fieldset class="confirm" aria-labelledby={id}>
      <p id={id} class="warning">
        {question}
      </p>
      <button
        type="button"
        class="small"
        ref={safe}
        aria-describedby={id}
        onClick={() => onAnswer(false)}
      >
        {no}
      </button>
      <button type="button" class="small danger" onClick={() => onAnswer(true)}>
        {yes}
      </button>
    </fieldset>
  );
}
