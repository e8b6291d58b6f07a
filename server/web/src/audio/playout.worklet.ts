/**
 * The secure rung's output: playout buffer and resampler inside the audio thread, fed by the worker
 * directly. Arrival is when a block reaches this thread: what counts is when sound can be used.
 */

import type { ToOutput } from "../room/worker_messages.ts";
import { MediaBuffer } from "./media_buffer.ts";
import { FigureMeter } from "./meter.ts";
import { Renderer } from "./renderer.ts";
import type { TargetBounds } from "./target_delay.ts";

/** What the page says to the processor. */
export type ToProcessor =
  | { kind: "feed"; port: MessagePort; bounds?: TargetBounds }
  | { kind: "hidden"; isHidden: boolean };

// TypeScript's library does not describe the scope of worklets.
declare const sampleRate: number;
declare const currentTime: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: typeof AudioWorkletProcessor): void;

class PlayoutProcessor extends AudioWorkletProcessor {
  private readonly media = new MediaBuffer();
  private readonly renderer = new Renderer(this.media, sampleRate);
  private readonly meter = new FigureMeter(this.media, (figures) => this.port.postMessage(figures));
  private feed: MessagePort | null = null;
  private isAsked = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToProcessor>) => {
      if (data.kind === "feed") this.follow(data.port, data.bounds);
      else this.media.controller.target.setHidden(data.isHidden);
    };
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [first, ...others] = outputs[0] ?? [];
    if (first === undefined) return true;
    // Fed only from now on: before the first call the clock stands still, and sound that arrives
    // meanwhile would look as if it had come before its time.
    if (!this.isAsked) this.port.postMessage("ready");
    this.isAsked = true;
    const nowMs = currentTime * 1000;
    this.renderer.render(first, nowMs);
    for (const other of others) other.set(first);
    this.meter.note(first, nowMs);
    return true;
  }

  private follow(feed: MessagePort, bounds?: TargetBounds): void {
    this.feed?.close();
    if (bounds !== undefined) this.media.controller.target.setBounds(bounds);
    this.media.restart();
    this.feed = feed;
    feed.onmessage = ({ data }: MessageEvent<ToOutput>) => {
      if (data.kind === "restart") this.media.restart();
      else if (data.kind === "packet_length") this.media.announce(data.ptimeMs);
      else this.media.put(data, currentTime * 1000 - data.ageMs);
    };
  }
}

registerProcessor("parvis-playout", PlayoutProcessor);
