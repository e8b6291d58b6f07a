/**
 * Who is speaking, from the contributing sources that every program packet lists: no message of its
 * own, so it costs thousands of listeners nothing.
 */

import type { RoomView } from "../wire/messages.ts";
import type { RtpPacket } from "../wire/rtp.ts";
import type { Talker } from "./worker_messages.ts";

/** Ten pictures a second look alive; more would only keep a slow phone busy. */
const EVERY_MS = 100;

/** Quieter than this is a room, not a voice. */
const AUDIBLE_DBOV = -55;

/** Gathers the loudest level of each source and tells ten times a second. */
export class TalkerTicker {
  private levels = new Map<number, number>();
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly tell: (talkers: Talker[]) => void) {}

  note(packet: RtpPacket, nowMs: number): void {
    packet.csrcs.forEach((ssrc, index) => {
      const level = packet.csrcLevels[index] ?? AUDIBLE_DBOV;
      this.levels.set(ssrc, Math.max(level, this.levels.get(ssrc) ?? Number.NEGATIVE_INFINITY));
    });
    if (nowMs - this.lastMs < EVERY_MS) return;
    this.lastMs = nowMs;
    this.tell(Array.from(this.levels, ([ssrc, level_dbov]) => ({ ssrc, level_dbov })));
    this.levels = new Map();
  }
}

/** An open microphone as the page names it. */
export interface Voice {
  ssrc: number;
  /** The person, and where their microphone stands when it is a table's. */
  name: string;
  at: string | null;
}

/** Every microphone whose sound is in the program. */
export function voices(view: RoomView): Voice[] {
  const turns = view.floor.flatMap((turn): Voice[] => {
    if (turn.state !== "live" || turn.ssrc === null) return [];
    const at = turn.unit === turn.participant ? null : turn.unit_name;
    return [{ ssrc: turn.ssrc, name: turn.name, at }];
  });
  const open = view.microphones.map(({ ssrc, name }) => ({ ssrc, name, at: null }));
  return [...turns, ...open];
}

/** Whether a level is a voice. */
export function isAudible(level_dbov: number): boolean {
  return level_dbov > AUDIBLE_DBOV;
}

/** How full a bar is, 0 to 1: -55 dBov is empty, -5 full. */
export function barFill(level_db: number): number {
  return Math.min(1, Math.max(0, (level_db + 55) / 50));
}

/** The loudest of them as a bar, in tenths: a slow phone repaints only what can be seen. */
export function glowOf(talkers: readonly Talker[]): number {
  const loudest = Math.max(-127, ...talkers.map((talker) => talker.level_dbov));
  return Math.round(barFill(loudest) * 10) / 10;
}
