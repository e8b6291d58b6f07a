/** Level of what an output renders, and its figures ten times a second. */

import type { OutputFigures } from "./diagnostics.ts";
import { type MediaBuffer, SAMPLES_PER_MS } from "./media_buffer.ts";

const EVERY_MS = 100;

export class FigureMeter {
  private squares = 0;
  private samples = 0;
  private lastMs = Number.NEGATIVE_INFINITY;
  private hasSounded = false;

  constructor(
    private readonly media: MediaBuffer,
    private readonly tell: (figures: OutputFigures) => void,
  ) {}

  /** Takes in what was rendered; tells when it is time, and at once on the first real sound. */
  note(rendered: Float32Array, nowMs: number): void {
    for (const sample of rendered) this.squares += sample * sample;
    this.samples += rendered.length;
    const isFirstSound = !this.hasSounded && this.media.playedSamples > 0;
    if (!isFirstSound && nowMs - this.lastMs < EVERY_MS) return;
    this.hasSounded ||= isFirstSound;
    this.lastMs = nowMs;
    this.tell(this.figures(nowMs));
    this.squares = 0;
    this.samples = 0;
  }

  private figures(nowMs: number): OutputFigures {
    const rms = Math.sqrt(this.squares / Math.max(1, this.samples));
    return {
      bufferMs: this.media.bufferMs,
      delayMs: this.media.delayMs(nowMs),
      targetMs: this.media.controller.target.targetMs,
      packetMs: this.media.packetMs,
      playedMs: this.media.playedSamples / SAMPLES_PER_MS,
      underruns: this.media.controller.underruns,
      concealedMs: this.media.concealedSamples / SAMPLES_PER_MS,
      sampleClock: this.media.positionSamples,
      levelDbfs: Math.max(-127, 20 * Math.log10(rms + 1e-9)),
      playout: this.media.state,
    };
  }
}
