/** Who has spoken how long, as shares of all speech. */

import type { Shares } from "../../wire/messages.ts";

export interface Share {
  of: "stage" | "hall" | "phones";
  ms: number;
  /** 0 to 100; all together 100. */
  percent: number;
}

/** The three shares, rounded so that they add up; null as long as nobody has spoken. */
export function shareList({ stage_ms, hall_ms, phones_ms }: Shares): Share[] | null {
  const whole = stage_ms + hall_ms + phones_ms;
  if (whole === 0) return null;
  const list: Share[] = [
    { of: "stage", ms: stage_ms, percent: 0 },
    { of: "hall", ms: hall_ms, percent: 0 },
    { of: "phones", ms: phones_ms, percent: 0 },
  ];
  const exact = list.map(({ ms }) => (ms * 100) / whole);
  let left = 100;
  list.forEach((share, index) => {
    share.percent = Math.floor(exact[index] ?? 0);
    left -= share.percent;
  });
  // What rounding lost goes to those whom it cost most.
  const byLoss = list.map((share, index) => ({ share, lost: (exact[index] ?? 0) % 1 }));
  byLoss.sort((a, b) => b.lost - a.lost);
  for (const { share } of byLoss.slice(0, left)) share.percent += 1;
  return list;
}
