/** What the screen shows of a room: pure, from the view alone. */

import { isOwnVoice } from "../audience/own_voice.ts";
import { isAudible } from "../room/talkers.ts";
import type { Talker } from "../room/worker_messages.ts";
import type { Hand, RoomView, Turn } from "../wire/messages.ts";

/** More names than this are no longer read from the back row. */
const SPEAKERS_SHOWN = 3;
const NEXT_SHOWN = 2;

/** A breath between two sentences is no end. */
const HEARD_FOR_MS = 3000;

/** Somebody on the stage of the screen. */
export interface Speaker {
  key: string;
  /** Null: asks to stay unnamed. */
  name: string | null;
  /** Where they speak, or go to speak. */
  place: string | null;
  ssrc: number | null;
  how: "live" | "far" | "muted" | "away" | "read" | "granted" | "far_soon" | "waits";
}

export interface Stage {
  speakers: Speaker[];
  /** Those for whom there is no place on the screen. */
  more: number;
  /** The words of the first who brought some. */
  text: string | null;
  /** Whose time runs. */
  timed: Turn | null;
}

/** Who has the floor, the first first; with a written line, whoever wrote it alone. */
export function stageOf(view: RoomView, heard: ReadonlySet<number>): Stage {
  const live = view.floor.filter((turn) => turn.state === "live");
  const granted = view.floor.filter((turn) => turn.state === "granted");
  const turns = [...live, ...granted];
  const open = view.microphones.filter((microphone) => heard.has(microphone.ssrc));
  const author = turns.find((turn) => turn.text !== null);
  const everybody = [
    ...turns.map(speakerOf),
    ...open.map(
      ({ unit, name, ssrc }): Speaker => ({ key: unit, name, place: null, ssrc, how: "live" }),
    ),
  ];
  const speakers = author === undefined ? everybody.slice(0, SPEAKERS_SHOWN) : [speakerOf(author)];
  return {
    speakers,
    more: everybody.length - speakers.length,
    text: author?.text ?? null,
    timed: live.find((turn) => !turn.written) ?? null,
  };
}

function speakerOf(turn: Turn): Speaker {
  const isLive = turn.state === "live";
  const place = isLive ? turn.unit_name : turn.place_name;
  const isTheTable = turn.surface === "unit" && place === turn.name;
  return {
    key: turn.participant,
    name: turn.anonymous ? null : turn.name,
    place: isTheTable ? null : place,
    ssrc: turn.ssrc,
    how: howOf(turn),
  };
}

function howOf(turn: Turn): Speaker["how"] {
  if (turn.written) return "read";
  const isFar = isOwnVoice(turn, false);
  if (turn.state === "live") {
    if (turn.away) return "away";
    return turn.muted !== null ? "muted" : isFar ? "far" : "live";
  }
  if (isFar) return "far_soon";
  return turn.surface === "unit" ? "waits" : "granted";
}

/** The first in the line, and how many hands are up. */
export function nextOf(view: RoomView): { hands: readonly Hand[]; count: number } {
  return { hands: view.line.slice(0, NEXT_SHOWN), count: view.line.length };
}

/** What the middle of the screen is about. */
export type Scene = "waiting" | "soon" | "over" | "silence" | "ask" | "tally" | "stage" | "free";

/** The strongest that applies; `isFresh`: the last show of hands was counted a moment ago. */
export function sceneOf(view: RoomView | null, stage: Stage, isFresh: boolean): Scene {
  if (view === null) return "waiting";
  if (view.phase === "ended") return "over";
  if (view.phase !== "live") return "soon";
  if (view.silenced) return "silence";
  if (view.ask !== null) return "ask";
  if (isFresh && view.tally !== null) return "tally";
  return stage.speakers.length === 0 ? "free" : "stage";
}

/** Remembers which microphones were heard a moment ago. */
export class Heard {
  private readonly lastMs = new Map<number, number>();

  note(talkers: readonly Talker[], nowMs: number): void {
    for (const { ssrc, level_dbov } of talkers) {
      if (isAudible(level_dbov)) this.lastMs.set(ssrc, nowMs);
    }
  }

  /** Sorted, as one text: equal texts are equal sets. */
  now(nowMs: number): string {
    for (const [ssrc, lastMs] of this.lastMs) {
      if (nowMs - lastMs > HEARD_FOR_MS) this.lastMs.delete(ssrc);
    }
    return [...this.lastMs.keys()].sort((a, b) => a - b).join(" ");
  }
}

/** The sources of a text of `Heard.now`. */
export function sourcesOf(heard: string): ReadonlySet<number> {
  return new Set(heard === "" ? [] : heard.split(" ").map(Number));
}

/** How long a text is, for the size of its type. */
export function sizeOf(
  text: string,
  short: number,
  long: number,
): "is-short" | "is-mid" | "is-long" {
  const length = [...text].length;
  return length <= short ? "is-short" : length <= long ? "is-mid" : "is-long";
}
