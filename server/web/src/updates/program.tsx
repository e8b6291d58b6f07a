/** What a unit runs, and what becomes of an update. */

import { useWords } from "../i18n/words.ts";
import { isUpdateTrouble, type UnitUpdate, updateWords } from "./words.ts";

interface Props {
  version: string;
  update: UnitUpdate | null;
}

export function Program({ version, update }: Props) {
  const { say } = useWords();
  const words = update === null ? "" : updateWords(say, update);
  const isTrouble = update !== null && isUpdateTrouble(update);
  return (
    <p class={isTrouble ? "program is-trouble" : "program soft"}>
      {say("update.version", { version })}
      {words !== "" && ` · ${words}`}
    </p>
  );
}
