/** What the page and the worker of one's own voice say to each other. */

import type { Command } from "../room/commands.ts";
import type { ToOutput } from "../room/worker_messages.ts";
import type { Ack } from "../wire/messages.ts";
import type { SpeakJoining } from "./speak_link.ts";

/** How the return plays, as the page's output measures it. */
export interface Played {
  /** 48 kHz sample of the room's timestamps being played, at `atMs` of `performance.now()` plus
   * `performance.timeOrigin`. */
  sampleClock: number;
  atMs: number;
  bufferMs: number;
  underruns: number;
  concealedMs: number;
}

export type ToSpeakWorker =
  /** Find an encoder; `hasWebCodecs`: the page's window has one of its own. */
  | { kind: "prepare"; hasWebCodecs: boolean }
  | { kind: "open"; joining: SpeakJoining }
  /** Frames of the microphone come here; it takes `latencyMs` from the air to the first of them. */
  | { kind: "microphone"; port: MessagePort; latencyMs: number }
  | { kind: "speak"; isOn: boolean }
  | { kind: "command"; command: Command }
  | { kind: "played"; played: Played }
  /** Decode the return from now on, to `port` or, without one, to the page. */
  | { kind: "listen"; port: MessagePort | null }
  | { kind: "silence" }
  | { kind: "close" };

export type FromSpeakWorker =
  | { kind: "encoder"; which: "webcodecs" | "wasm"; rejected: string[] }
  | { kind: "no_encoder"; text: string }
  | { kind: "welcome"; participant: string; resume: string }
  | { kind: "legs"; up: number }
  | { kind: "ack"; ack: Ack }
  | { kind: "given_up"; id: string }
  | { kind: "refused"; code: number; text: string }
  /** Once a second while speaking. */
  | { kind: "sent"; packets: number; dropped: number }
  | ToOutput;
