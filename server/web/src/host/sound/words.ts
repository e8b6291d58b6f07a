/** What the hub's codes are called, in words that say what to do. A code of a later hub is passed over. */

import type { Language, Say, WordKey } from "../../i18n/words.ts";
import type {
  Alarm,
  CheckResult,
  OutputStatus,
  SourceStatus,
  Status,
  UnitStatus,
} from "../../wire/messages.ts";
import { decibels, hertz, milliseconds, partsPerMillion } from "./figures.ts";

/** The zone of units that name none (`parvis_wire.stage.DEFAULT_ZONE`): an ordinary word. */
const DEFAULT_ZONE = "hall";

const SOURCE_KINDS: Record<SourceStatus["kind"], WordKey> = {
  microphone: "sound.microphone",
  desk: "sound.desk",
  speaker: "sound.speaker",
};

const OUTPUT_KINDS: Record<OutputStatus["kind"], WordKey> = {
  loudspeaker: "sound.loudspeaker",
  line: "sound.line",
  assistive: "sound.assistive",
  return: "sound.return",
};

const KEPT_OUT: Record<NonNullable<SourceStatus["kept_out"]>, WordKey> = {
  not_wired: "kept_out.not_wired",
  too_many: "kept_out.too_many",
  returns: "kept_out.returns",
};

const ALARMS: Record<Alarm["kind"], WordKey> = {
  howl: "alarm.howl",
  desk_returns: "alarm.desk_returns",
  clock: "alarm.clock",
  engine_busy: "alarm.engine_busy",
  lift_ended: "alarm.lift_ended",
  log_fails: "alarm.log_fails",
  same_voice: "alarm.same_voice",
  certificate: "alarm.certificate",
  cloned: "alarm.cloned",
  recorder_fails: "alarm.recorder_fails",
  disk_low: "alarm.disk_low",
  storage_away: "alarm.storage_away",
};

const CHECKS: Record<CheckResult["state"], WordKey> = {
  running: "check.running",
  clean: "check.clean",
  returns: "check.returns",
  unheard: "check.unheard",
};

/** One alarm, ready to be shown. */
export interface AlarmWords {
  /** The same for the same trouble. */
  key: string;
  sentence: string;
  /** Changes while the trouble lasts, so it is not read aloud each time. */
  figures: string;
}

export function zoneName(say: Say, zone: string): string {
  return zone === DEFAULT_ZONE ? say("sound.hall") : zone;
}

export function sourceKind(say: Say, kind: SourceStatus["kind"]): string {
  return told(say, SOURCE_KINDS[kind]);
}

export function outputKind(say: Say, kind: OutputStatus["kind"]): string {
  return told(say, OUTPUT_KINDS[kind]);
}

/** Why this source is not in the mix though it could be; "": it is, or it needs no word. */
export function keptOut(say: Say, source: SourceStatus): string {
  return source.kept_out === null || source.kept_out === undefined
    ? ""
    : told(say, KEPT_OUT[source.kept_out]);
}

export function unitName(say: Say, status: Status, id: string | null): string {
  return status.units.find((one) => one.unit === id)?.name ?? say("sound.somebody");
}

export function alarmWords(
  say: Say,
  language: Language,
  status: Status,
  alarm: Alarm,
): AlarmWords | null {
  const sentence = ALARMS[alarm.kind] as WordKey | undefined;
  if (sentence === undefined) return null;
  const about = alarm.kind === "desk_returns" ? feedOf(status, alarm) : alarm.participant;
  const name = unitName(say, status, about);
  const zone = zoneName(say, alarm.zone ?? DEFAULT_ZONE);
  return {
    key: `${alarm.kind} ${alarm.participant} ${alarm.zone}`,
    sentence: say(sentence, { name, zone: capital(zone) }),
    figures: alarmFigures(say, language, alarm),
  };
}

/** The feed that returns, whether the alarm names it or the output that it brings back. */
function feedOf(status: Status, { participant }: Alarm): string | null {
  const result = status.checks.find(
    (one) => one.output === participant && one.state === "returns" && one.desk !== null,
  );
  return result?.desk ?? participant;
}

function alarmFigures(say: Say, language: Language, { kind, value, hertz: pitch }: Alarm): string {
  if (value === null) return "";
  switch (kind) {
    case "howl":
      if (pitch === null) return decibels(language, value);
      return say("alarm.howl_figures", {
        gain: decibels(language, value),
        hertz: hertz(language, pitch),
      });
    case "desk_returns":
      return decibels(language, value);
    case "clock":
      return partsPerMillion(language, value);
    case "lift_ended":
      return milliseconds(language, value);
    case "storage_away":
      return say("alarm.storage_away_figures", {
        count: Math.round(value).toLocaleString(language),
      });
    case "disk_low":
      return say("alarm.disk_low_figures", { count: Math.round(value).toLocaleString(language) });
    default:
      return "";
  }
}

export function checkWords(
  say: Say,
  language: Language,
  status: Status,
  result: CheckResult,
): string {
  const { gain_db, delay_ms } = result;
  const figures =
    gain_db === null || delay_ms === null
      ? ""
      : say("check.returns_figures", {
          gain: decibels(language, gain_db),
          ms: milliseconds(language, delay_ms),
        });
  const words = CHECKS[result.state] as WordKey | undefined;
  if (words === undefined) return "";
  return say(words, { desk: unitName(say, status, result.desk), figures });
}

/** Where a unit is and what it is, for the small line under its name. */
export function placeOf(say: Say, unit: UnitStatus, kind: string): string {
  return unit.zone === null ? kind : `${kind} · ${zoneName(say, unit.zone)}`;
}

function told(say: Say, key: WordKey | undefined): string {
  return key === undefined ? "" : say(key);
}

/** As the first word of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
