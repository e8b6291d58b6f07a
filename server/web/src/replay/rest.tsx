/** Below the sound: how long it is kept, marks, silences, downloads. */

import { useWords } from "../i18n/words.ts";
import type { Index, Sound } from "./index.ts";
import type { ReplayPlayer } from "./player.ts";
import { clock, daysLeft } from "./timeline.ts";

/** The clock of retention. */
export function Kept({ index, nowMs }: { index: Index; nowMs: number }) {
  const { say, language } = useWords();
  const days = daysLeft(index.delete_utc_ms, nowMs);
  const date = new Intl.DateTimeFormat(language, { dateStyle: "long" }).format(index.delete_utc_ms);
  return (
    <p class="soft">
      {days === 0
        ? say("replay.kept_today")
        : days === 1
          ? say("replay.kept_day", { date })
          : say("replay.kept", { date, days })}
    </p>
  );
}

export function Rest({ index, player }: { index: Index; player: ReplayPlayer }) {
  const { say } = useWords();
  return (
    <>
      {index.marks.length > 0 && (
        <section class="card" aria-labelledby="marks">
          <h2 id="marks">{say("replay.marks")}</h2>
          <ul class="marks">
            {index.marks.map(({ at_ms, count }) => (
              <li key={at_ms}>
                <button type="button" class="small" onClick={() => player.seek(at_ms)}>
                  {clock(at_ms)}
                  <span class="soft"> {say("replay.marked", { count })}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {index.silences.length > 0 && (
        <section class="card" aria-labelledby="silences">
          <h2 id="silences">{say("replay.silences")}</h2>
          <p class="soft">{say("replay.silences_why")}</p>
          <ul>
            {index.silences.map(({ begin_ms, end_ms }) => (
              <li key={begin_ms}>
                {say("replay.span", { from: clock(begin_ms), to: clock(end_ms) })}
              </li>
            ))}
          </ul>
        </section>
      )}
      {index.downloads.length > 0 && (
        <details class="card">
          <summary>{say("replay.downloads")}</summary>
          <ul class="downloads">
            {index.downloads.map((file) => (
              <li key={file.url}>
                <Download file={file} />
              </li>
            ))}
          </ul>
          <p>
            <a href="../feed.xml">{say("replay.feed")}</a>
          </p>
        </details>
      )}
    </>
  );
}

function Download({ file }: { file: Sound }) {
  const { say } = useWords();
  const who = file.who === null ? say("replay.mixed") : say("replay.alone", { name: file.who });
  const type = file.url.split(".").at(-1)?.toUpperCase() ?? file.type;
  return (
    <a href={file.url} download>
      {say("replay.file", { who, type, size: (file.bytes / 1e6).toFixed(1) })}
    </a>
  );
}
