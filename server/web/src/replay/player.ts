/**
 * The audio element and what the page shows of it. It stays an element and no Web Audio, so that the
 * locked phone plays on and a static server's byte ranges are all that is needed.
 */

import { Store } from "../ui/store.ts";
import type { Sound } from "./index.ts";
import { inside } from "./timeline.ts";

export const RATES = [0.75, 1, 1.25, 1.5, 1.75, 2] as const;

export interface Playing {
  state: "paused" | "playing" | "waiting" | "failed";
  at_ms: number;
  duration_ms: number;
  rate: number;
}

export class ReplayPlayer {
  readonly store: Store<Playing>;
  /** Called when the end of a recording that still grows is reached. */
  onEnd: () => void = () => {};
  private tried = 0;

  constructor(
    private readonly audio: HTMLAudioElement,
    private readonly sounds: readonly Sound[],
    duration_ms: number,
    start_ms: number,
  ) {
    const at_ms = inside(start_ms, duration_ms);
    const state = sounds.length === 0 ? "failed" : "paused";
    this.store = new Store<Playing>({ state, at_ms, duration_ms, rate: 1 });
    audio.preload = "metadata";
    audio.addEventListener("timeupdate", () => this.follow());
    audio.addEventListener("seeked", () => this.follow());
    audio.addEventListener("playing", () => this.store.set({ state: "playing" }));
    audio.addEventListener("pause", () => this.store.set({ state: "paused" }));
    audio.addEventListener("waiting", () => this.wait());
    audio.addEventListener("error", () => this.tryNext());
    audio.addEventListener("ended", () => this.onEnd());
    this.load(at_ms);
  }

  /** Plays or pauses. Only a person's tap may begin sound on a phone. */
  toggle(): void {
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  play(): void {
    if (this.store.value.state === "failed") return;
    this.store.set({ state: "waiting" });
    this.audio.play().catch((error: unknown) => {
      // A refusal is a tap that was not one; anything else comes as an error event, too.
      if (error instanceof DOMException && error.name === "NotAllowedError") {
        this.store.set({ state: "paused" });
      }
    });
  }

  pause(): void {
    this.audio.pause();
  }

  seek(ms: number): void {
    const at_ms = inside(ms, this.store.value.duration_ms);
    this.store.set({ at_ms });
    this.audio.currentTime = at_ms / 1000;
  }

  /** One of `RATES`; the pitch stays. */
  setRate(rate: number): void {
    this.audio.defaultPlaybackRate = rate;
    this.audio.playbackRate = rate;
    this.store.set({ rate });
  }

  /** The next faster or slower of `RATES`. */
  step(by: 1 | -1): void {
    const rates: readonly number[] = RATES;
    const next = rates[rates.indexOf(this.store.value.rate) + by];
    if (next !== undefined) this.setRate(next);
  }

  /** The recording has grown: the file is asked for again, and goes on where it was. */
  grow(duration_ms: number): void {
    const hasEnded = this.audio.ended;
    this.store.set({ duration_ms });
    if (!hasEnded) return;
    this.load(this.store.value.at_ms);
    this.play();
  }

  private load(at_ms: number): void {
    const sound = this.sounds[this.tried];
    if (sound === undefined) return;
    this.audio.src = sound.url;
    this.setRate(this.store.value.rate);
    // Where the browser knows it before it has loaded anything, it begins there.
    if (at_ms > 0) this.audio.currentTime = at_ms / 1000;
  }

  private follow(): void {
    if (this.audio.seeking) return;
    this.store.set({ at_ms: this.audio.currentTime * 1000 });
  }

  private wait(): void {
    if (!this.audio.paused) this.store.set({ state: "waiting" });
  }

  /** The file cannot be played after all: the next format, from the same moment. */
  private tryNext(): void {
    const wasWanted = this.store.value.state !== "paused";
    this.tried++;
    if (this.tried >= this.sounds.length) {
      this.store.set({ state: "failed" });
      return;
    }
    this.load(this.store.value.at_ms);
    if (wasWanted) this.play();
  }
}
