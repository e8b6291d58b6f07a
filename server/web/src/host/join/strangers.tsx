/** Units that want to join: their names, and the page on which an operator lets them in. */

import { useWords } from "../../i18n/words.ts";
import type { Status } from "../../wire/messages.ts";
import { counted } from "../sound/figures.ts";
import { strangerNames } from "./names.ts";

export function Strangers({ status }: { status: Status | null }) {
  const { say, language } = useWords();
  const waiting = status?.waiting ?? [];
  const names = strangerNames(waiting);
  // The region is there before the first one: a screen reader follows what it knows.
  return (
    <div class="warnings" role="status">
      {waiting.length > 0 && (
        <div class="warning-card">
          <p>
            {counted(say, language, waiting.length, "join.one", "join.other")}{" "}
            <span class="soft">{names}</span>
          </p>
          <a class="jump" href="/operator">
            {say("join.open")}
          </a>
        </div>
      )}
    </div>
  );
}
