/**
 * What the page tells about its sound, to whoever asks in its console: `window.__parvis`.
 *
 * System tests and support read it; nothing in the page depends on it. All values are of now.
 */

import type { PlayedRung } from "./platform.ts";
import type { PlayoutState } from "./playout.ts";

/** What an output measures, ten times a second. */
export interface OutputFigures {
  /** Sound held in the playout buffer. */
  bufferMs: number;
  /** How far the output lies behind the newest sound that could have come; without the device. */
  delayMs: number;
  targetMs: number;
  /** Sound in the newest packet: more for a large audience. */
  packetMs: number;
  /** Real sound played since the tap, concealment not counted. */
  playedMs: number;
  underruns: number;
  /** Sound that was made up, in milliseconds. */
  concealedMs: number;
  /** 48 kHz sample of the room's timestamps at the output's input now; null before the first. */
  sampleClock: number | null;
  /** RMS of what was rendered since the last figures, dBFS. */
  levelDbfs: number;
  /** What the playout buffer does: "reconnecting" = for longer than three seconds nothing came. */
  playout: PlayoutState;
}

export interface Diagnostics extends Readonly<OutputFigures> {
  readonly rung: PlayedRung | null;
  /** The audio lifecycle's state. */
  readonly state: string;
  /** The connection's state. */
  readonly link: string;
  /** Buffer and output device together, smoothed: what the page shows. */
  readonly totalDelayMs: number | null;
  /** From the tap to the first real sound handed to the browser. */
  readonly tapToSoundMs: number | null;
  /** `performance.now()` when `sampleClock` was read. */
  readonly sampleClockAtMs: number | null;
  /** Sample rate of the audio output. */
  readonly outputRate: number | null;
  readonly isSecureContext: boolean;
  readonly participant: string | null;
}

export const NO_FIGURES: OutputFigures = {
  bufferMs: 0,
  delayMs: 0,
  targetMs: 0,
  packetMs: 0,
  playedMs: 0,
  underruns: 0,
  concealedMs: 0,
  sampleClock: null,
  levelDbfs: -127,
  playout: "starting",
};

/** Puts a live, read-only view of the page's figures where tests and support find it. */
export function exposeDiagnostics(read: () => Diagnostics): void {
  Object.defineProperty(window, "__parvis", { get: () => Object.freeze(read()) });
}
