/** A recording as its folder tells it, and an audio element that tests drive. */

import type { Chapter, Index } from "../../src/replay/index.ts";

export const chapters: Chapter[] = [
  { begin_ms: 1000, end_ms: 5000, kind: "speaker", name: "Ann", text: null },
  { begin_ms: 8000, end_ms: 20_000, kind: "question", name: null, text: "Why?" },
  { begin_ms: 10_000, end_ms: 12_000, kind: "vote", name: null, text: "Again?" },
];

export const index: Index = {
  version: 1,
  id: "20260921T120001Z-1",
  room: "main",
  title: "Evening",
  language: "fr",
  begun_utc_ms: 1_790_000_000_000,
  duration_ms: 60_000,
  delete_utc_ms: 1_792_592_000_000,
  state: "finished",
  sounds: [
    { url: "mix.opus", type: "audio/ogg; codecs=opus", bytes: 100, who: null },
    { url: "mix.mp3", type: "audio/mpeg", bytes: 200, who: null },
  ],
  downloads: [],
  chapters,
  marks: [],
  silences: [],
};

/** What the player needs of an audio element; `happens` tells what a browser would. */
export class FakeAudio extends EventTarget {
  src = "";
  preload = "";
  currentTime = 0;
  playbackRate = 1;
  defaultPlaybackRate = 1;
  paused = true;
  ended = false;
  seeking = false;
  refusal: DOMException | null = null;

  async play(): Promise<void> {
    if (this.refusal !== null) throw this.refusal;
    this.paused = false;
    this.ended = false;
    this.happens("playing");
  }

  pause(): void {
    this.paused = true;
    this.happens("pause");
  }

  happens(name: string): void {
    this.dispatchEvent(new Event(name));
  }
}
