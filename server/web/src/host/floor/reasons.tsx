/** Why a hand goes down or a turn ends: one tap for each reason. */

import { useWords } from "../../i18n/words.ts";
import { REASONS, type Reason } from "./words.ts";

interface Props {
  title: string;
  onReason: (reason: Reason) => void;
}

export function ReasonButtons({ title, onReason }: Props) {
  const { say } = useWords();
  return (
    <fieldset class="reasons">
      <legend>{title}</legend>
      {(Object.keys(REASONS) as Reason[]).map((reason) => (
        <button key={reason} type="button" class="small" onClick={() => onReason(reason)}>
          {say(REASONS[reason])}
        </button>
      ))}
    </fieldset>
  );
}
