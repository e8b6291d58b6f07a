/** What becomes of a unit's program, in words. */

import type { Say, WordKey } from "../i18n/words.ts";

type Table = Readonly<Record<string, WordKey>>;

/** `parvis_wire.update.UpdateState`. */
export interface UnitUpdate {
  step: string;
  version: string;
  percent?: number | null;
  fault?: string | null;
}

const UPDATES: Table = {
  fetching: "update.fetching",
  checking: "update.checking",
  waiting: "update.waiting",
  installing: "update.installing",
  trying: "update.trying",
  done: "update.done",
  undone: "update.undone",
  refused: "update.refused",
};

/** `parvis_wire.update.UpdateFault`. */
const UPDATE_FAULTS: Table = {
  tampered: "update.tampered",
  unreadable: "update.unreadable",
  cut_off: "update.cut_off",
  other_machine: "update.other_machine",
  too_old: "update.too_old",
  support_ended: "update.support_ended",
  card_full: "update.card_full",
  no_key: "update.no_key",
  does_not_start: "update.does_not_start",
  silent: "update.silent",
  cut_short: "update.cut_short",
  disk: "update.disk",
};

/** What becomes of a unit's program; empty: nothing that the version does not say. */
export function updateWords(say: Say, update: UnitUpdate): string {
  const known = UPDATES[update.step];
  if (known === undefined) return "";
  const { version, fault } = update;
  const state = say(known, { version, percent: update.percent ?? 0 });
  const why = (fault ?? null) === null ? undefined : UPDATE_FAULTS[fault as string];
  return why === undefined ? state : say("update.why", { state, why: say(why) });
}

export function isUpdateTrouble(update: UnitUpdate): boolean {
  return update.step === "undone" || update.step === "refused";
}

export function isUpdateUnderWay(update: UnitUpdate): boolean {
  return update.step in UPDATES && update.step !== "done" && !isUpdateTrouble(update);
}
