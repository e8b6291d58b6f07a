/** What the page is told of a recording: `index.json`, written by `parvis_server.replay.index`. */

export interface Sound {
  url: string;
  type: string;
  bytes: number;
  who: string | null;
}

export interface Chapter {
  begin_ms: number;
  end_ms: number;
  kind: "speaker" | "question" | "vote";
  /** Null: they chose to stay unnamed. */
  name: string | null;
  text: string | null;
}

export interface Span {
  begin_ms: number;
  end_ms: number;
}

/** A moment that listeners marked while the room was live. */
export interface Mark {
  at_ms: number;
  count: number;
}

export interface Index {
  version: 1;
  id: string;
  room: string;
  title: string;
  language: string;
  begun_utc_ms: number;
  duration_ms: number;
  delete_utc_ms: number;
  state: "growing" | "finished";
  /** Best first. */
  sounds: Sound[];
  downloads: Sound[];
  chapters: Chapter[];
  marks: Mark[];
  silences: Span[];
}

/** audiowaveform's JSON, 8 bit: lowest and highest sample of each column in turn. */
export interface Waveform {
  samples_per_pixel: number;
  data: number[];
}

/** Reads `index.json`; null: it is none that this page understands. */
export function readIndex(said: unknown): Index | null {
  const index = said as Index | null;
  const isOurs =
    typeof index === "object" &&
    index !== null &&
    index.version === 1 &&
    Number.isFinite(index.duration_ms) &&
    [index.sounds, index.downloads, index.chapters, index.marks, index.silences].every(
      Array.isArray,
    );
  return isOurs ? index : null;
}

/** The sounds that this browser may play, best first; `canPlay` is the audio element's word. */
export function playable(sounds: readonly Sound[], canPlay: (type: string) => string): Sound[] {
  return sounds.filter((sound) => canPlay(sound.type) !== "");
}
