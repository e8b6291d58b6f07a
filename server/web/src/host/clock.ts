/** The room's clock on this page: how long ago something was, and how people say it. */

import type { Language, Say } from "../i18n/words.ts";
import type { RoomMoment } from "../room/hub_client.ts";

const SAMPLES_PER_MS = 48;

/** The room's clock at one moment of this page's. */
export type Moment = Pick<RoomMoment, "roomClock" | "atMs">;

/** How long ago that moment of the room's clock was; null as long as the clock is not known. */
export function sinceMs(clock: Moment | null, moment: number, nowMs: number): number | null {
  if (clock === null) return null;
  const agoMs = (clock.roomClock - moment) / SAMPLES_PER_MS + nowMs - clock.atMs;
  return Math.max(0, agoMs);
}

/** `125_400` is "2:05". */
export function minutesAndSeconds(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A duration in the largest unit that says enough: "40 s", "3 min". */
export function roughly(say: Say, language: Language, ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return say("time.seconds", { count: seconds });
  return say("time.minutes", { count: Math.floor(seconds / 60).toLocaleString(language) });
}

/** Milliseconds since the epoch, by the clock that the worker stamps with too. */
export function pageNowMs(): number {
  return performance.timeOrigin + performance.now();
}
