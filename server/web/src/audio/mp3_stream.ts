/**
 * The last rung: the hub's `/listen.mp3` in an `<audio>` element. Seconds late, but it plays in any
 * browser, with the screen locked, and with little battery.
 */

import { NO_FIGURES, type OutputFigures } from "./diagnostics.ts";
import type { AudioEvent } from "./lifecycle.ts";

/** Where the hub gives a room's plain stream. */
export function mp3Path(room: string): string {
  return `/listen.mp3?room=${encodeURIComponent(room)}`;
}

const FIGURES_EVERY_MS = 500;
/** A stream that stands still for so long is fetched anew. */
const STALLED_AFTER_MS = 6000;

/** Where the stream is; a promise where that has to be asked for. Null: nowhere. */
export type FindStream = () => string | Promise<string | null>;

type StreamEvent = Extract<AudioEvent, "running" | "suspended" | "failure">;

export class Mp3Stream {
  private readonly audio = new Audio();
  private readonly timer: number;
  private underruns = 0;
  private lastTimeS = 0;
  private movedMs = performance.now();
  private hasPlayed = false;
  /** The system paused it (a call, the lock screen's button): it waits for a person. */
  private isSuspended = false;
  private isClosed = false;
  /** Once it is known: a path of one's own is not asked for each time. */
  private path: string | null = null;

  /** Starts at once where the path is known: create it inside the tap's handler. */
  constructor(
    private readonly find: FindStream,
    private readonly onEvent: (event: StreamEvent) => void,
    private readonly tell: (figures: OutputFigures) => void,
  ) {
    this.audio.onplaying = () => {
      this.hasPlayed = true;
      this.isSuspended = false;
      this.onEvent("running");
    };
    this.audio.onwaiting = () => {
      if (this.hasPlayed) this.underruns += 1;
    };
    this.audio.onpause = () => {
      // The stream broke off; it is fetched anew as soon as the hub is back.
      if (this.audio.ended || this.audio.error !== null) return;
      this.isSuspended = true;
      this.onEvent("suspended");
    };
    this.restart();
    this.timer = window.setInterval(() => this.measure(), FIGURES_EVERY_MS);
  }

  /** Fetches the stream anew, which begins at the live edge. */
  restart(): void {
    this.movedMs = performance.now();
    const found = this.path ?? this.find();
    if (typeof found === "string") this.open(found);
    else void found.then((path) => (path === null ? this.miss() : this.open(path)));
  }

  private open(path: string): void {
    if (this.isClosed) return;
    this.path = path;
    this.audio.src = `${path}&t=${Date.now()}`;
    this.resume();
  }

  private miss(): void {
    if (!this.isClosed && !this.hasPlayed) this.onEvent("failure");
  }

  resume(): void {
    this.audio.play().catch((error: unknown) => {
      // Replacing the source aborts the earlier play; only a refusal or a dead format is news.
      const name = error instanceof DOMException ? error.name : "";
      if (name === "NotAllowedError") this.onEvent("suspended");
      else if (name !== "AbortError" && !this.hasPlayed) this.onEvent("failure");
    });
  }

  close(): void {
    this.isClosed = true;
    window.clearInterval(this.timer);
    this.audio.onplaying = null;
    this.audio.onwaiting = null;
    this.audio.onpause = null;
    this.audio.pause();
    // An empty source ends the download.
    this.audio.removeAttribute("src");
    this.audio.load();
  }

  private measure(): void {
    const { audio } = this;
    const nowMs = performance.now();
    if (audio.currentTime !== this.lastTimeS || this.isSuspended) this.movedMs = nowMs;
    this.lastTimeS = audio.currentTime;
    if (nowMs - this.movedMs > STALLED_AFTER_MS) this.restart();
    const end = audio.buffered.length > 0 ? audio.buffered.end(audio.buffered.length - 1) : 0;
    const heldMs = Math.max(0, end - audio.currentTime) * 1000;
    const isStill = nowMs - this.movedMs > STALLED_AFTER_MS / 2;
    this.tell({
      ...NO_FIGURES,
      bufferMs: heldMs,
      delayMs: heldMs,
      playedMs: audio.currentTime * 1000,
      underruns: this.underruns,
      playout: isStill ? "reconnecting" : "playing",
    });
  }
}
