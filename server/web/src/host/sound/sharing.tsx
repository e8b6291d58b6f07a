/** The automatic mix, on or off; off is asked twice. */

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import type { Status } from "../../wire/messages.ts";
import type { Desk } from "./desk.ts";

export function Sharing({ desk, status }: { desk: Desk; status: Status }) {
  const { say } = useWords();
  const [isAsking, setAsking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const isOn = desk.sharing(status);
  const isAsked = isOn && isAsking;
  const answer = (isOff: boolean) => {
    setAsking(false);
    if (isOff) desk.setSharing(false);
  };
  useFocusAfter(isAsked, button);
  return (
    <section class="sharing" aria-labelledby="sharing">
      <h3 id="sharing">{say(isOn ? "sound.mix_on" : "sound.mix_off")}</h3>
      <p class={isOn ? "soft" : "warning"}>
        {say(isOn ? "sound.mix_on_hint" : "sound.mix_off_hint")}
      </p>
      {isAsked ? (
        <Confirm onAnswer={answer} />
      ) : (
        <button
          type="button"
          class={isOn ? "small quiet" : "small"}
          ref={button}
          onClick={() => (isOn ? setAsking(true) : desk.setSharing(true))}
        >
          {say(isOn ? "sound.mix_turn_off" : "sound.mix_turn_on")}
        </button>
      )}
    </section>
  );
}

/** Gives the focus back once a question is gone: it would fall to the top of the page. */
function useFocusAfter(isAsked: boolean, button: RefObject<HTMLButtonElement | null>) {
  const was = useRef(false);
  useEffect(() => {
    if (was.current && !isAsked) button.current?.focus();
    was.current = isAsked;
  }, [isAsked, button]);
}

/** The focus comes with the question, on the safe answer. */
function Confirm({ onAnswer }: { onAnswer: (isOff: boolean) => void }) {
  const { say } = useWords();
  const keep = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => keep.current?.focus(), []);
  return (
    <fieldset class="confirm" aria-labelledby="mix-confirm">
      <p id="mix-confirm" class="warning">
        {say("sound.mix_confirm")}
      </p>
      <button
        type="button"
        class="small"
        ref={keep}
        aria-describedby="mix-confirm"
        onClick={() => onAnswer(false)}
      >
        {say("sound.mix_keep")}
      </button>
      <button type="button" class="small quiet" onClick={() => onAnswer(true)}>
        {say("sound.mix_turn_off")}
      </button>
    </fieldset>
  );
}
