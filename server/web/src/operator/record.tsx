/** What was done to the house, by whom, when and from where; newest first. */

import { Fold } from "../host/fold.tsx";
import { useWords } from "../i18n/words.ts";
import type { Act } from "./answers.ts";
import { moment } from "./times.ts";
import { deedWords } from "./words.ts";

/** More than that is for the hub's own command line. */
const SHOWN = 100;

export function Record({ acts }: { acts: readonly Act[] }) {
  const { say } = useWords();
  return (
    <Fold title={say("record.title")} hint={say("record.hint")}>
      {() =>
        acts.length === 0 ? (
          <p class="soft">{say("record.none")}</p>
        ) : (
          <ol class="rows record" reversed>
            {acts.slice(0, SHOWN).map((act) => (
              <ActRow key={act.number} act={act} />
            ))}
          </ol>
        )
      }
    </Fold>
  );
}

function ActRow({ act }: { act: Act }) {
  const { say, language } = useWords();
  const { utcMs, by, about, address } = act;
  return (
    <li>
      <p>
        <time dateTime={new Date(utcMs).toISOString()}>{moment(utcMs, Date.now(), language)}</time>{" "}
        <strong>{by ?? say("record.stranger")}</strong> {deedWords(say, act.act)}
      </p>
      <p class="soft">
        {[about, address === null ? null : say("op.from", { address })]
          .filter((words) => words !== null && words !== "")
          .join(" · ")}
      </p>
    </li>
  );
}
