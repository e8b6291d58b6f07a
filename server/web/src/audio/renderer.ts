/**
 * Turns pieces into samples: cross-fades after a jump, concealment, and the rate of the output.
 *
 * Where sound is missing, the last 20 ms are played backwards and forwards (no click at either end),
 * fading to the room's noise floor within 60 ms: a short hole is hardly heard, and a long one is
 * quiet but not dead. Output at 44.1 or 48 kHz and the playout's rate are one resampling step, a
 * cubic through four samples (Catmull-Rom): at 48 kHz and rate 1 it gives the samples themselves.
 */

import type { MediaBuffer } from "./media_buffer.ts";

const REPEATED_SAMPLES = 960;
const FADE_OUT_SAMPLES = 2880;
const CROSS_FADE_SAMPLES = 480;
/** -62 dBFS, the program's own noise floor: a page that is silent would be put to sleep. */
const COMFORT_AMPLITUDE = 10 ** (-62 / 20) * Math.sqrt(3);
/** One pull; the shortest packet holds two. */
const PULL_SAMPLES = 480;
/** The cubic's reach: one sample before the position, two after. */
const BEFORE = 1;
const AFTER = 2;

export class Renderer {
  /** Samples pulled, at 48 kHz; those before `at - BEFORE` have been played. */
  private readonly ready = new Float32Array(BEFORE + AFTER + 2 * PULL_SAMPLES);
  private readyLength = BEFORE;
  private at: number = BEFORE;
  private readonly last = new Float32Array(REPEATED_SAMPLES);
  private lastAt = 0;
  private readonly fading = new Float32Array(CROSS_FADE_SAMPLES);
  /** Samples made up since the last real one; infinite before the first. */
  private concealed = Number.POSITIVE_INFINITY;
  private noise = 1;

  constructor(
    private readonly media: MediaBuffer,
    private readonly outputRate: number,
  ) {}

  /** Fills `output`; `nowMs` is the time of its first sample. */
  render(output: Float32Array, nowMs: number): void {
    const ratio = 48_000 / this.outputRate;
    for (let i = 0; i < output.length; i++) {
      while (this.at + AFTER >= this.readyLength) this.refill(nowMs);
      output[i] = this.between();
      this.at += ratio * this.media.rate;
    }
  }

  /** Catmull-Rom through the four samples around `at`. */
  private between(): number {
    const whole = Math.floor(this.at);
    const f = this.at - whole;
    const b = this.ready[whole] as number;
    if (f === 0) return b;
    const a = this.ready[whole - 1] as number;
    const c = this.ready[whole + 1] as number;
    const d = this.ready[whole + 2] as number;
    return b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)));
  }

  /** Moves the unplayed rest to the front and pulls one more piece behind it. */
  private refill(nowMs: number): void {
    const played = Math.floor(this.at) - BEFORE;
    this.ready.copyWithin(0, played, this.readyLength);
    this.at -= played;
    this.readyLength -= played;
    const piece = this.media.pull(nowMs);
    const length = piece.kind === "conceal" ? piece.length : piece.samples.length;
    const added = this.ready.subarray(this.readyLength, this.readyLength + length);
    if (piece.kind === "conceal") this.fillHole(added);
    else this.copySound(added, piece.samples, piece.isJump);
    this.readyLength += length;
  }

  private copySound(into: Float32Array, samples: Float32Array, isJump: boolean): void {
    into.set(samples);
    if (isJump) this.fadeFromHole(into);
    this.concealed = 0;
    for (const sample of into) {
      this.last[this.lastAt] = sample;
      this.lastAt = (this.lastAt + 1) % REPEATED_SAMPLES;
    }
  }

  private fadeFromHole(into: Float32Array): void {
    const fading = this.fading.subarray(0, Math.min(CROSS_FADE_SAMPLES, into.length));
    this.fillHole(fading);
    for (let i = 0; i < fading.length; i++) {
      const share = (i + 0.5) / fading.length;
      into[i] = (into[i] as number) * share + (fading[i] as number) * (1 - share);
    }
  }

  private fillHole(into: Float32Array): void {
    for (let i = 0; i < into.length; i++) {
      const gain = 1 - this.concealed / FADE_OUT_SAMPLES;
      into[i] = this.comfort() + (gain > 0 ? gain * this.mirrored(this.concealed) : 0);
      this.concealed += 1;
    }
  }

  /** The last sound, walked backwards, then forwards, and so on. */
  private mirrored(step: number): number {
    const turn = step % (2 * REPEATED_SAMPLES);
    const back = turn < REPEATED_SAMPLES ? turn : 2 * REPEATED_SAMPLES - 1 - turn;
    const index = this.lastAt - 1 - back;
    return this.last[(index + REPEATED_SAMPLES) % REPEATED_SAMPLES] as number;
  }

  /** White noise from a linear congruential generator (constants of Numerical Recipes). */
  private comfort(): number {
    this.noise = (Math.imul(this.noise, 1_664_525) + 1_013_904_223) | 0;
    return (this.noise / 2 ** 31) * COMFORT_AMPLITUDE;
  }
}
