/**
 * When a listener hears: the decisions of the adaptive playout buffer, in numbers only.
 *
 * The twin of `parvis_audio/playout.py`; both are held to the traces in `tests/vectors/playout/`.
 *
 * Theory of operation. All times are milliseconds. A packet's *offset* is its arrival minus its
 * timestamp, and minus what it holds over 20 ms (a longer packet leaves that much later); the least
 * offset of the last 30 s is the *base*, the path at its quickest. The play point's *delay* is `now - base - position`: how much later a sample is heard than it could have
 * been. The controller holds the delay near the target of `TargetDelay`.
 *
 * Signs: `error = delay - target`. Positive = later than wished: play faster (rate > 1), or skip.
 * Negative = too near the edge: play slower. When it runs dry the position waits, so the delay has
 * grown by the time sound comes again: playing goes on at once, and the raised target keeps it.
 */

import { TargetDelay, USUAL_PACKET_MS } from "./target_delay.ts";

const DEAD_BAND_MS = 15;
/** 5 and 9 cents: not heard in speech. */
const RATE_STEP = 0.003;
const RATE_CAP = 0.005;
/**
 * The error from which the cap is used instead of the step. While longer packets are announced and
 * have not come, every rise is at the cap: 20 ms in 4 s, and so early they are announced.
 */
const RATE_CAP_ERROR_MS = 60;
/** 0.5 % would take 80 s to make this good. */
const SKIP_ERROR_MS = 400;
/** How long a skip waits for a quiet moment: between two sentences there is one. */
const SKIP_PATIENCE_MS = 500;
/** A skip keeps at least one packet: the rest of a burst may still be on its way. */
const SKIP_LEAVES_MS = 20;
/** So long a repetition that fades passes for sound; after it there is quiet noise. */
const REPEAT_MS = 60;
const RECONNECTING_MS = 3000;

/** What the listener hears; all but the first two: it ran dry, ever longer ago. */
export type PlayoutState = "starting" | "playing" | "repeating" | "noise" | "reconnecting";

/** What to do in the next 10 ms. */
export interface PlayoutCommand {
  state: PlayoutState;
  /** Media time per heard time; 1 unless playing. */
  rate: number;
  /** Media to leave out now, with a cross-fade; 0 unless playing. */
  skipMs: number;
}

export class PlayoutController {
  readonly target = new TargetDelay();
  state: PlayoutState = "starting";
  underruns = 0;
  skips = 0;
  private drySinceMs = 0;
  private lateSinceMs: number | null = null;

  /** How much later than possible a sample of this timestamp is heard; 0 before any packet. */
  delayMs(nowMs: number, positionMs: number): number {
    const base = this.target.baseMs;
    return Number.isFinite(base) ? nowMs - base - positionMs : 0;
  }

  /** A packet came. */
  arrived(nowMs: number, timestampMs: number, durationMs = USUAL_PACKET_MS): void {
    const extraMs = Math.max(0, durationMs - USUAL_PACKET_MS);
    this.target.note(nowMs - timestampMs - extraMs, nowMs, extraMs);
  }

  /** Another line of timestamps; the target stays. */
  restart(): void {
    this.target.restart();
    this.lateSinceMs = null;
    this.state = "starting";
  }

  /**
   * What to do from `nowMs` for 10 ms. `bufferedMs` is the media from the position on that plays
   * without a gap (0 when it is less than the next 10 ms need); `isQuiet`: what comes next is a
   * pause.
   */
  advance(nowMs: number, positionMs: number, bufferedMs: number, isQuiet: boolean): PlayoutCommand {
    const delayMs = this.delayMs(nowMs, positionMs);
    this.state = this.nextState(nowMs, delayMs, bufferedMs);
    if (this.state !== "playing") return { state: this.state, rate: 1, skipMs: 0 };
    const skipMs = this.skipMs(nowMs, delayMs, bufferedMs, isQuiet);
    const errorMs = delayMs - skipMs - this.target.targetMs;
    return { state: this.state, rate: rate(errorMs, this.target.isExpecting), skipMs };
  }

  private nextState(nowMs: number, delayMs: number, bufferedMs: number): PlayoutState {
    if (this.state === "starting") {
      const isReady = bufferedMs > 0 && delayMs >= this.target.targetMs;
      return isReady ? "playing" : "starting";
    }
    if (bufferedMs > 0) return "playing";
    if (this.state === "playing") this.runDry(nowMs);
    return dryState(nowMs - this.drySinceMs);
  }

  private runDry(nowMs: number): void {
    this.underruns += 1;
    this.drySinceMs = nowMs;
    this.lateSinceMs = null;
    this.target.ranDry();
  }

  /** Down to the target, when far behind and the moment is good. */
  private skipMs(nowMs: number, delayMs: number, bufferedMs: number, isQuiet: boolean): number {
    const errorMs = delayMs - this.target.targetMs;
    if (errorMs <= SKIP_ERROR_MS) {
      this.lateSinceMs = null;
      return 0;
    }
    this.lateSinceMs ??= nowMs;
    const isImpatient = nowMs - this.lateSinceMs >= SKIP_PATIENCE_MS;
    const possibleMs = Math.min(errorMs, bufferedMs - SKIP_LEAVES_MS);
    if (possibleMs <= 0 || !(isQuiet || isImpatient)) return 0;
    this.lateSinceMs = null;
    this.skips += 1;
    return possibleMs;
  }
}

function dryState(dryMs: number): PlayoutState {
  if (dryMs < REPEAT_MS) return "repeating";
  return dryMs < RECONNECTING_MS ? "noise" : "reconnecting";
}

/** `hurries`: a rise is wanted by a certain moment. */
function rate(errorMs: number, hurries: boolean): number {
  if (Math.abs(errorMs) <= DEAD_BAND_MS) return 1;
  const isLarge = Math.abs(errorMs) > RATE_CAP_ERROR_MS || (hurries && errorMs < 0);
  const step = isLarge ? RATE_CAP : RATE_STEP;
  return 1 + Math.sign(errorMs) * step;
}
