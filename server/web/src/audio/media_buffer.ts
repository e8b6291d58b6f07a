/**
 * Decoded sound that waits, and the playout controller's decisions carried out on it.
 *
 * Timestamps and lengths are 48 kHz samples; times are milliseconds. A hole in the line of
 * timestamps (the hub left something out for us) is filled so that time goes on.
 */

import { PlayoutController, type PlayoutState } from "./playout.ts";

export const SAMPLES_PER_MS = 48;

/** A hole of up to 1 s is filled; after a longer one everything begins anew. */
const MAX_GAP_SAMPLES = 48_000;
/** Longer than any delay that the controller lets stand: 1 s of target, 400 ms, a burst. */
const MAX_HELD_SAMPLES = 96_000;
/** What a pull takes at most; less than this is as good as nothing. */
const PULL_SAMPLES = 480;
/** RMS of a pause, -50 dBFS, as a mean square. */
const QUIET_POWER = 10 ** (-50 / 10);

/** A stretch of decoded sound. */
export interface Stretch {
  timestamp: number;
  samples: Float32Array;
}

/** A stretch, or a hole between two. */
interface Held {
  timestamp: number;
  length: number;
  samples: Float32Array | null;
}

/** What the output does next. */
export type Piece =
  /** `isJump`: cross-fade from what was heard before. */
  { kind: "sound"; samples: Float32Array; isJump: boolean } | { kind: "conceal"; length: number };

export class MediaBuffer {
  readonly controller = new PlayoutController();
  /** Samples of real sound played, and of sound made up in its place. */
  playedSamples = 0;
  concealedSamples = 0;
  /** Sound in the newest stretch. */
  packetMs = 0;
  /** Media time per heard time, until the next pull. */
  rate = 1;
  private held: Held[] = [];
  private position: number | null = null;
  private isJump = true;

  /** Where the output stands on the room's timestamps; null before the first sound. */
  get positionSamples(): number | null {
    return this.playedSamples === 0 ? null : this.position;
  }

  get state(): PlayoutState {
    return this.controller.state;
  }

  /** Sound held ahead of the position. */
  get bufferMs(): number {
    return this.playable / SAMPLES_PER_MS;
  }

  /** How far the position lies behind the live edge. */
  delayMs(nowMs: number): number {
    if (this.position === null) return 0;
    return this.controller.delayMs(nowMs, this.position / SAMPLES_PER_MS);
  }

  /** Keeps a stretch; one that comes twice, or after its time, is dropped. */
  put(stretch: Stretch, arrivalMs: number): void {
    const end = this.end;
    if (end !== null && stretch.timestamp < end) return;
    if (end === null || this.mustBeginAnew(stretch.timestamp - end)) this.begin(stretch.timestamp);
    else if (stretch.timestamp > end) this.held.push(holdHole(end, stretch.timestamp));
    this.packetMs = stretch.samples.length / SAMPLES_PER_MS;
    this.controller.arrived(arrivalMs, stretch.timestamp / SAMPLES_PER_MS, this.packetMs);
    this.held.push({ ...stretch, length: stretch.samples.length });
    this.bound();
  }

  /** Packets will hold so much. */
  announce(ptimeMs: number): void {
    this.controller.target.announce(ptimeMs);
  }

  /** The hub began a new line of time. */
  restart(): void {
    this.held = [];
    this.position = null;
    this.controller.restart();
  }

  /** The next piece, of at most 480 samples; also sets `rate`. */
  pull(nowMs: number): Piece {
    const playable = this.playable;
    const command = this.controller.advance(
      nowMs,
      (this.position ?? 0) / SAMPLES_PER_MS,
      playable > PULL_SAMPLES ? playable / SAMPLES_PER_MS : 0,
      this.isQuietAhead(),
    );
    this.rate = command.rate;
    if (command.state === "starting") return { kind: "conceal", length: PULL_SAMPLES };
    if (command.state !== "playing") return this.conceal(PULL_SAMPLES);
    const skip = Math.round(command.skipMs * SAMPLES_PER_MS);
    if (skip > 0) this.isJump = true;
    this.move(skip);
    return this.play();
  }

  private get end(): number | null {
    const newest = this.held[this.held.length - 1];
    return newest === undefined ? this.position : endOf(newest);
  }

  private get playable(): number {
    return this.position === null ? 0 : (this.end as number) - this.position;
  }

  private mustBeginAnew(gap: number): boolean {
    return gap > MAX_GAP_SAMPLES || (gap > 0 && this.playable <= PULL_SAMPLES);
  }

  private begin(timestamp: number): void {
    this.restart();
    this.position = timestamp;
  }

  private bound(): void {
    const excess = this.playable - MAX_HELD_SAMPLES;
    if (excess <= 0) return;
    this.isJump = true;
    this.move(excess);
  }

  private move(samples: number): void {
    this.position = (this.position as number) + samples;
    while (this.held[0] !== undefined && endOf(this.held[0]) <= this.position) this.held.shift();
  }

  private conceal(length: number): Piece {
    this.concealedSamples += length;
    this.isJump = true;
    return { kind: "conceal", length };
  }

  private play(): Piece {
    const next = this.held[0] as Held;
    const from = (this.position as number) - next.timestamp;
    const length = Math.min(PULL_SAMPLES, next.length - from);
    this.move(length);
    if (next.samples === null) return this.conceal(length);
    const isJump = this.isJump;
    this.isJump = false;
    this.playedSamples += length;
    return { kind: "sound", samples: next.samples.subarray(from, from + length), isJump };
  }

  private isQuietAhead(): boolean {
    const next = this.held[0];
    if (next?.samples == null || this.position === null) return true;
    const from = this.position - next.timestamp;
    const ahead = next.samples.subarray(from, from + PULL_SAMPLES);
    let power = 0;
    for (const sample of ahead) power += sample * sample;
    return power < QUIET_POWER * ahead.length;
  }
}

const endOf = (held: Held): number => held.timestamp + held.length;

function holdHole(from: number, to: number): Held {
  return { timestamp: from, length: to - from, samples: null };
}
