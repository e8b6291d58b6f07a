/**
 * Which frames are said: the first one after the microphone opened is marked, and an end is told by
 * one frame of silence, so that the hub knows a pause from a loss. Pure.
 */

import { FRAME_SAMPLES, type Frame, levelDbfs } from "./framer.ts";
import { FIRST, LAST, type Meta } from "./packetizer.ts";

export interface Said extends Meta {
  samples: Float32Array;
}

export class Talkspurt {
  private isOpen = false;
  private isFirst = false;
  private nextSample = 0;

  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.isFirst = true;
  }

  /** The frame that ends it; nothing of the microphone is in it. Null: there was nothing to end. */
  close(): Said | null {
    const wasHeard = this.isOpen && !this.isFirst;
    this.isOpen = false;
    if (!wasHeard) return null;
    const samples = new Float32Array(FRAME_SAMPLES);
    return { samples, firstSample: this.nextSample, levelDb: -127, flags: LAST };
  }

  /** What is sent of a frame of the microphone; null while it is closed. */
  say({ samples, firstSample }: Frame): Said | null {
    if (!this.isOpen) return null;
    const flags = this.isFirst ? FIRST : 0;
    this.isFirst = false;
    this.nextSample = firstSample + FRAME_SAMPLES;
    return { samples, firstSample, levelDb: levelDbfs(samples), flags };
  }
}
