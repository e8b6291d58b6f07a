/** One line of samples over all microphones that were opened one after the other; pure. */

import { FRAME_SAMPLES, type Frame } from "./framer.ts";

const SAMPLES_PER_MS = 48;

export class SampleLine {
  private shift = 0;
  private end = 0;
  private endMs: number | null = null;

  /** Another microphone counts from zero: its first frame comes after the last one's, in real time. */
  change(nowMs: number): void {
    if (this.endMs === null) return;
    this.shift = this.end + Math.round((nowMs - this.endMs) * SAMPLES_PER_MS);
  }

  /** The frame with its number on the line. */
  place({ firstSample, samples }: Frame, nowMs: number): Frame {
    const placed = { firstSample: firstSample + this.shift, samples };
    this.end = placed.firstSample + FRAME_SAMPLES;
    this.endMs = nowMs;
    return placed;
  }
}
