/**
 * The sound check walk: somebody goes round and says a word at each microphone.
 *
 * Theory of operation: every status brings the level of each unit, also while its microphone is
 * closed. The quietest level since the walk began is the room's noise there; a level that stands
 * clear of it, twice, is a voice. Loudspeakers are judged by the host's ears and the hub's check, the
 * desk by any signal, the way to far listeners by one who is there.
 */

import type { Status, UnitStatus } from "../../wire/messages.ts";
import type { Quality } from "../units/quality.ts";

/** A voice stands so far above the room; footsteps and rustling do not for long. */
const VOICE_ABOVE_NOISE_DB = 12;

/** Quieter than this is no word at the microphone. */
const VOICE_AT_LEAST_DBFS = -50;

/** Two statuses are half a second: a word, and no knock. */
const VOICE_STATUSES = 2;

/** The leveller lifts by 18 dB at most: what is fainter stays fainter than the others. */
const FAINT_DBFS = -45;

/** Louder than this it clips at the next laugh. */
const LOUD_DBFS = -3;

/** Speech becomes tiring to follow below this distance of voice and noise. */
const CLEAR_DB = 15;

export type Fault =
  | "away"
  | "muted"
  | "kept_out"
  | "unheard"
  | "faint"
  | "loud"
  | "noisy"
  | "lossy"
  | "no_signal"
  | "untested"
  | "inaudible"
  | "returns"
  | "nobody_far"
  | "no_microphone";

export interface Tick {
  id: string;
  /** Null: it is no unit. */
  unit: string | null;
  /** "" for what has no name of its own. */
  name: string;
  kind: "microphone" | "desk" | "speaker" | "output" | "remote" | "none";
  /** Null: it is as it should be. */
  fault: Fault | null;
  /** The fault is only that nobody has tried it yet. */
  isOpen: boolean;
  voiceDbfs: number | null;
  noiseDbfs: number | null;
}

interface Levels {
  noiseDbfs: number;
  voiceDbfs: number | null;
  voiced: number;
}

/** What nobody has tried yet; everything else is wrong. */
const NOT_TRIED: ReadonlySet<Fault> = new Set(["unheard", "no_signal", "untested", "nobody_far"]);

export class SoundWalk {
  private readonly levels = new Map<string, Levels>();
  private readonly hears = new Map<string, boolean>();

  note(status: Status): void {
    for (const { unit, connected, level_dbfs } of status.units) {
      if (!connected || level_dbfs === null) continue;
      this.levels.set(unit, heard(this.levels.get(unit), level_dbfs));
    }
  }

  /** The host says whether this output was heard. */
  answer(output: string, isHeard: boolean): void {
    this.hears.set(output, isHeard);
  }

  /** It plays once more: an earlier answer is void. */
  playAgain(output: string): void {
    this.hears.delete(output);
  }

  /** One line for each thing that must work; first the microphones, as they are told. */
  ticks(status: Status, quality: (unit: string) => Quality | null): Tick[] {
    const sources = status.units.flatMap((unit) =>
      unit.source === null ? [] : [this.sourceTick(unit, unit.source, quality(unit.unit))],
    );
    const outputs = status.units
      .filter(({ output }) => output !== null && output.kind !== "return")
      .map((unit) => this.outputTick(unit, status));
    const microphones = sources.some(({ kind }) => kind !== "speaker")
      ? sources
      : [tick(null, "", "none", "no_microphone"), ...sources];
    const far = status.listeners - status.in_hall > 0 ? null : ("nobody_far" as const);
    return [...microphones, ...outputs, tick(null, "", "remote", far)];
  }

  private sourceTick(
    unit: UnitStatus,
    source: NonNullable<UnitStatus["source"]>,
    quality: Quality | null,
  ): Tick {
    const levels = this.levels.get(unit.unit) ?? null;
    const fault =
      standing(unit, source) ??
      (source.kind === "desk" ? deskFault(levels) : voiceFault(levels)) ??
      (quality === "poor" ? "lossy" : null);
    return { ...tick(unit.unit, unit.name, source.kind, fault), ...figures(levels) };
  }

  private outputTick(unit: UnitStatus, status: Status): Tick {
    const check = status.checks.find(({ output }) => output === unit.unit);
    const isHeard = this.hears.get(unit.unit);
    const fault: Fault | null = !unit.connected
      ? "away"
      : check?.state === "returns"
        ? "returns"
        : isHeard === false
          ? "inaudible"
          : isHeard === undefined
            ? "untested"
            : null;
    return tick(unit.unit, unit.name, "output", fault);
  }
}

/** What stands between the evening and its beginning; empty: ready. */
export function faults(ticks: readonly Tick[]): Tick[] {
  return ticks.filter(({ fault }) => fault !== null);
}

function tick(unit: string | null, name: string, kind: Tick["kind"], fault: Fault | null): Tick {
  const isOpen = fault !== null && NOT_TRIED.has(fault);
  const id = `${kind} ${unit}`;
  return { id, unit, name, kind, fault, isOpen, voiceDbfs: null, noiseDbfs: null };
}

function heard(before: Levels | undefined, level_dbfs: number): Levels {
  if (before === undefined) return { noiseDbfs: level_dbfs, voiceDbfs: null, voiced: 0 };
  const noiseDbfs = Math.min(before.noiseDbfs, level_dbfs);
  const isVoice = level_dbfs >= Math.max(noiseDbfs + VOICE_ABOVE_NOISE_DB, VOICE_AT_LEAST_DBFS);
  const voiced = before.voiced + Number(isVoice);
  const voiceDbfs = isVoice
    ? Math.max(before.voiceDbfs ?? level_dbfs, level_dbfs)
    : before.voiceDbfs;
  return { noiseDbfs, voiceDbfs, voiced };
}

function standing(unit: UnitStatus, source: NonNullable<UnitStatus["source"]>): Fault | null {
  if (!unit.connected) return "away";
  if (source.kept_out !== null) return source.kept_out === "returns" ? "returns" : "kept_out";
  return source.muted ? "muted" : null;
}

function voiceFault(levels: Levels | null): Fault | null {
  if (levels === null || levels.voiceDbfs === null || levels.voiced < VOICE_STATUSES) {
    return "unheard";
  }
  if (levels.voiceDbfs > LOUD_DBFS) return "loud";
  if (levels.voiceDbfs - levels.noiseDbfs < CLEAR_DB) return "noisy";
  return levels.voiceDbfs < FAINT_DBFS ? "faint" : null;
}

function deskFault(levels: Levels | null): Fault | null {
  const loudest = levels?.voiceDbfs ?? levels?.noiseDbfs ?? null;
  return loudest !== null && loudest > VOICE_AT_LEAST_DBFS ? null : "no_signal";
}

function figures(levels: Levels | null): Pick<Tick, "voiceDbfs" | "noiseDbfs"> {
  const isVoiced = levels !== null && levels.voiced >= VOICE_STATUSES;
  return {
    voiceDbfs: isVoiced ? levels.voiceDbfs : null,
    noiseDbfs: isVoiced ? levels.noiseDbfs : null,
  };
}
