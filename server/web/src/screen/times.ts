/** Times on the screen: a speaker's, and the time until the room begins. */

import type { RoomMoment } from "../room/hub_client.ts";

const SAMPLES_PER_MS = 48;
const DAY_S = 24 * 3600;

/** A speaker's time as the screen shows it. */
export interface TurnTime {
  /** Left, or over when negative. */
  leftS: number;
  /** A fifth is left, as the light at the table says it. */
  isSoon: boolean;
  isOver: boolean;
}

/** Null: no timer, or the room's clock is not known yet. */
export function turnTime(
  since: number,
  turnS: number | null,
  clock: RoomMoment | null,
  nowMs: number,
): TurnTime | null {
  if (turnS === null || clock === null) return null;
  const roomClock = clock.roomClock + (nowMs - clock.atMs) * SAMPLES_PER_MS;
  const spentS = Math.max(0, roomClock - since) / (SAMPLES_PER_MS * 1000);
  const leftS = turnS - spentS;
  return { leftS, isSoon: leftS <= turnS / 5, isOver: leftS <= 0 };
}

/** `1:05`, `0:00`, `+0:07` when it is over; hours from the first one on. */
export function clockWords(seconds: number): string {
  const whole = seconds > 0 ? Math.ceil(seconds) : Math.floor(-seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  const plain =
    minutes < 60
      ? `${minutes}:${two(whole % 60)}`
      : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  return seconds > 0 || whole === 0 ? plain : `+${plain}`;
}

/** How the beginning is told: a countdown on the day, else when; null: nobody said, or it is past. */
export function beginning(
  beginsUtcMs: number | null,
  utcMs: number,
  language: string,
): { countdown: string } | { when: string } | null {
  if (beginsUtcMs === null) return null;
  const leftS = (beginsUtcMs - utcMs) / 1000;
  if (leftS <= 0) return null;
  if (leftS < DAY_S) return { countdown: clockWords(leftS) };
  const when = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
  return { when: when.format(beginsUtcMs) };
}

/** Now by the hub's clock, which knows the date even where this machine does not. */
export function utcNow(clock: RoomMoment | null, nowMs: number): number {
  return clock === null ? nowMs : clock.utcMs + (nowMs - clock.atMs);
}
