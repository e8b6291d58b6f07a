/** A speaker's time: it warns, it never cuts off. */

import type { Turn } from "../../wire/messages.ts";
import { type Moment, sinceMs } from "../clock.ts";

/** From here on the time is short, as the hub warns the speaker too. */
const SOON = 0.8;

export interface TurnTime {
  /** Since the turn was given, or went live. */
  elapsedMs: number;
  /** What is left of the speaker's time, below zero when it is over; null: no timer. */
  leftMs: number | null;
  /** How much of it has passed, 0 to 1; null: no timer. */
  share: number | null;
  state: "free" | "running" | "soon" | "over";
}

/** The time of a turn; null as long as the room's clock is not known. */
export function turnTime(
  turn: Pick<Turn, "since" | "state">,
  turn_s: number | null,
  clock: Moment | null,
  nowMs: number,
): TurnTime | null {
  const elapsedMs = sinceMs(clock, turn.since, nowMs);
  if (elapsedMs === null) return null;
  if (turn_s === null || turn.state !== "live") {
    return { elapsedMs, leftMs: null, share: null, state: "free" };
  }
  const share = elapsedMs / (turn_s * 1000);
  const state = share >= 1 ? "over" : share >= SOON ? "soon" : "running";
  return { elapsedMs, leftMs: turn_s * 1000 - elapsedMs, share: Math.min(1, share), state };
}
