/** Moments as people of one language read them. */

/** "14:05" today, "21 Nov, 14:05" on another day. */
export function moment(utcMs: number, nowMs: number, language: string, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const clock = { hour: "numeric", minute: "2-digit", ...zone } as const;
  const day = new Intl.DateTimeFormat(language, { dateStyle: "short", ...zone });
  if (day.format(utcMs) === day.format(nowMs)) {
    return new Intl.DateTimeFormat(language, clock).format(utcMs);
  }
  const dated = { day: "numeric", month: "short", ...clock } as const;
  return new Intl.DateTimeFormat(language, dated).format(utcMs);
}

/** A whole date: "23 November 2027". */
export function date(utcMs: number, language: string, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  return new Intl.DateTimeFormat(language, { dateStyle: "long", ...zone }).format(utcMs);
}

/** How long ago, in the largest unit that says enough; null: just now. */
export function agoWords(sinceMs: number, language: string): string | null {
  const words = new Intl.RelativeTimeFormat(language, { numeric: "always" });
  const minutes = Math.floor(sinceMs / 60_000);
  if (minutes < 1) return null;
  if (minutes < 60) return words.format(-minutes, "minute");
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? words.format(-hours, "hour") : words.format(-Math.floor(hours / 24), "day");
}
