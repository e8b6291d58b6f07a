/**
 * The microphone's end in the audio thread: 20 ms frames to whoever is named, or to nobody.
 *
 * Muting happens here, before anything: a frame that is cut off never leaves this thread.
 */

import { type Frame, Framer, levelDbfs } from "./framer.ts";

/** What the page says: where frames go from now on. */
export type ToMicrophone =
  /** To the page itself: the test, of which nothing leaves the phone. */
  | { kind: "to_page" }
  /** Through the port that was handed over last. */
  | { kind: "to_hub"; port?: MessagePort }
  | { kind: "to_nobody" }
  | { kind: "close" };

/** What it says: the level ten times a second, and frames while they go to the page. */
export type FromMicrophone = { kind: "level"; levelDb: number } | ({ kind: "frame" } & Frame);

// TypeScript's library does not describe the scope of worklets.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: typeof AudioWorkletProcessor): void;

/** One render quantum: what a microphone without sound is taken for. */
const QUIET = new Float32Array(128);
const LEVEL_EVERY_FRAMES = 5;

class MicrophoneProcessor extends AudioWorkletProcessor {
  private readonly framer = new Framer(sampleRate, (frame) => this.pass(frame));
  private goal: "page" | "hub" | "nobody" = "nobody";
  private hub: MessagePort | null = null;
  private isOpen = true;
  private frames = 0;
  private loudestDb = -127;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToMicrophone>) => this.told(data);
  }

  process(inputs: Float32Array[][]): boolean {
    this.framer.push(inputs[0]?.[0] ?? QUIET);
    return this.isOpen;
  }

  private told(message: ToMicrophone): void {
    switch (message.kind) {
      case "to_page":
        this.goal = "page";
        return;
      case "to_hub":
        this.hub = message.port ?? this.hub;
        this.goal = "hub";
        return;
      case "to_nobody":
        this.goal = "nobody";
        return;
      case "close":
        this.goal = "nobody";
        this.isOpen = false;
    }
  }

  private pass(frame: Frame): void {
    this.tellLevel(frame);
    if (this.goal === "page") this.port.postMessage({ kind: "frame", ...frame });
    else if (this.goal === "hub") this.hub?.postMessage(frame, [frame.samples.buffer]);
  }

  private tellLevel(frame: Frame): void {
    this.loudestDb = Math.max(this.loudestDb, levelDbfs(frame.samples));
    this.frames += 1;
    if (this.frames % LEVEL_EVERY_FRAMES !== 0) return;
    this.port.postMessage({ kind: "level", levelDb: this.loudestDb });
    this.loudestDb = -127;
  }
}

registerProcessor("parvis-microphone", MicrophoneProcessor);
