/**
 * Where the microphone's sound goes: 10 ms frames to whoever is named, or to nobody; the same in the
 * audio thread and in a worker.
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

/** What it says: the level ten times a second, frames while they go to the page, and an end of it. */
export type FromMicrophone =
  | { kind: "level"; levelDb: number }
  | ({ kind: "frame" } & Frame)
  | { kind: "lost" };

const LEVEL_EVERY_FRAMES = 10;

export class MicrophoneTap {
  isOpen = true;
  private readonly framer: Framer;
  private goal: "page" | "hub" | "nobody" = "nobody";
  private hub: MessagePort | null = null;
  private frames = 0;
  private loudestDb = -127;

  constructor(
    inputRate: number,
    private readonly tell: (message: FromMicrophone) => void,
  ) {
    this.framer = new Framer(inputRate, (frame) => this.pass(frame));
  }

  push(samples: Float32Array): void {
    this.framer.push(samples);
  }

  told(message: ToMicrophone): void {
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
    if (this.goal === "page") this.tell({ kind: "frame", ...frame });
    else if (this.goal === "hub") this.hub?.postMessage(frame, [frame.samples.buffer]);
  }

  private tellLevel(frame: Frame): void {
    this.loudestDb = Math.max(this.loudestDb, levelDbfs(frame.samples));
    this.frames += 1;
    if (this.frames % LEVEL_EVERY_FRAMES !== 0) return;
    this.tell({ kind: "level", levelDb: this.loudestDb });
    this.loudestDb = -127;
  }
}
