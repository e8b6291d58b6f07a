/** What a host must know at once: read aloud when it comes, gone when it is over. */

import { useWords } from "../../i18n/words.ts";
import type { Status } from "../../wire/messages.ts";
import { type AlarmWords, alarmWords } from "./words.ts";

export function Alarms({ status }: { status: Status | null }) {
  const { say, language } = useWords();
  const shown = (status === null ? [] : status.alarms)
    .map((alarm) => alarmWords(say, language, status as Status, alarm))
    .filter((words): words is AlarmWords => words !== null);
  // The region is there before the first alarm: a screen reader follows what it knows.
  return (
    <div class="alarms" role="alert" aria-atomic="false">
      {shown.map(({ key, sentence, figures }) => (
        <div key={key} class="alarm">
          <strong>{say("alarm.title")}</strong>
          <p>{sentence}</p>
          {figures !== "" && (
            <p class="figures" aria-live="off">
              {figures}
            </p>
          )}
        </div>
      ))}
    </div>
  );
}
