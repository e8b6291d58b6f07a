/** How well a unit's packets arrive, from what the status counts. */

import type { Status } from "../../wire/messages.ts";

export type Quality = "good" | "fair" | "poor";

/** Long enough for one lost packet not to be a bad link, short enough to see what one changed. */
const WINDOW_MS = 20_000;

/** Gaps a second: one every ten seconds is heard by nobody, two each second by everybody. */
const FAIR_PER_S = 0.1;
const POOR_PER_S = 2;

interface Count {
  atMs: number;
  gaps: number;
}

/** Follows the counts of gaps of all sources. */
export class Links {
  private readonly counts = new Map<string, Count[]>();

  note(status: Status, nowMs: number): void {
    for (const { unit, source } of status.units) {
      if (source === null) continue;
      const gaps = source.late + source.concealed;
      let counts = this.counts.get(unit) ?? [];
      const last = counts.at(-1);
      // A count that falls began anew: another engine, another connection.
      if (last !== undefined && gaps < last.gaps) counts = [];
      counts.push({ atMs: nowMs, gaps });
      while (counts.length > 2 && nowMs - (counts[0] as Count).atMs > WINDOW_MS) counts.shift();
      this.counts.set(unit, counts);
    }
  }

  /** Null: too early to say. */
  quality(unit: string): Quality | null {
    const counts = this.counts.get(unit) ?? [];
    const [first] = counts;
    const last = counts.at(-1);
    if (first === undefined || last === undefined || last.atMs === first.atMs) return null;
    const perSecond = ((last.gaps - first.gaps) * 1000) / (last.atMs - first.atMs);
    if (perSecond >= POOR_PER_S) return "poor";
    return perSecond >= FAIR_PER_S ? "fair" : "good";
  }
}
