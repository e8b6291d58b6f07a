/** When a room begins, and the names of languages, as people of one language say them. */

/** `day` and `time`; the day is null for today. */
export interface When {
  day: string | null;
  time: string;
}

/** Null: nobody said when, or it is past. */
export function whenBegins(
  beginsUtcMs: number | null,
  nowMs: number,
  language: string,
  timeZone?: string,
): When | null {
  if (beginsUtcMs === null || beginsUtcMs <= nowMs) return null;
  const zone = timeZone === undefined ? {} : { timeZone };
  const days = new Intl.DateTimeFormat(language, { dateStyle: "full", ...zone });
  const times = new Intl.DateTimeFormat(language, { timeStyle: "short", ...zone });
  const day = days.format(beginsUtcMs);
  return { day: day === days.format(nowMs) ? null : day, time: times.format(beginsUtcMs) };
}

/** `fr` is `French` or `français`; its tag where the browser knows no names. */
export function languageName(tag: string, language: string): string {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag; // an old browser, or no tag that there could be
  }
}
