/** How far a pairing has come, and what has happened since the last look. */

import type { Units, WaitingUnit } from "./answers.ts";

/** `parvis_wire.pairing.PRESS_S`. */
export const PRESS_S = 120;

export type Step =
  | "waiting"
  /** The code was sent, the unit has not answered yet. */
  | "asked"
  | "wrong_code"
  | "press"
  | "refused";

/** A state of a later hub is a unit that waits. */
export function stepOf({ state }: Pick<WaitingUnit, "state">): Step {
  if (state.startsWith("refused:")) return "refused";
  const known: readonly Step[] = ["asked", "wrong_code", "press"];
  return known.find((step) => step === state) ?? "waiting";
}

/** Why a unit will not (`parvis_wire.pairing.PairRefusal`); null: it has not refused. */
export function refusalOf({ state }: Pick<WaitingUnit, "state">): string | null {
  return state.startsWith("refused:") ? state.slice("refused:".length) : null;
}

/** Remembers since when each unit waits for its press: the hub tells only that it does. */
export class Presses {
  private sinceMs = new Map<string, number>();

  note(waiting: readonly WaitingUnit[], nowMs: number): void {
    const pressed = waiting.filter((one) => stepOf(one) === "press");
    this.sinceMs = new Map(
      pressed.map(({ unit }) => [unit, this.sinceMs.get(unit) ?? nowMs] as const),
    );
  }

  /** Seconds that are left for the press; null: none is awaited. */
  leftS(unit: string, nowMs: number): number | null {
    const since = this.sinceMs.get(unit);
    if (since === undefined) return null;
    return Math.max(0, PRESS_S - Math.floor((nowMs - since) / 1000));
  }
}

/** One thing that happened, to be read aloud. */
export interface News {
  what: "came" | "press" | "wrong_code" | "refused" | "paired" | "left" | "gone";
  name: string;
  /** refused: why. */
  why: string;
}

/** What happened between two looks, in the order of the list. */
export function newsOf(before: Units | null, now: Units): News[] {
  if (before === null) return [];
  return [...waitingNews(before, now), ...pairedNews(before, now)];
}

function waitingNews(before: Units, now: Units): News[] {
  const known = new Map(before.waiting.map((one) => [one.unit, one]));
  const here = new Set([...now.waiting, ...now.paired].map(({ unit }) => unit));
  const left = before.waiting.filter(({ unit }) => !here.has(unit));
  return [
    ...now.waiting.flatMap((one) => changeOf(known.get(one.unit), one)),
    ...left.map(({ unit, name }): News => ({ what: "left", name: name ?? unit, why: "" })),
  ];
}

function changeOf(before: WaitingUnit | undefined, now: WaitingUnit): News[] {
  const name = now.name ?? now.unit;
  if (before === undefined) return [{ what: "came", name, why: "" }];
  const step = stepOf(now);
  const isSame = before.state === now.state && before.triesLeft === now.triesLeft;
  if (isSame || step === "waiting" || step === "asked") return [];
  return [{ what: step, name, why: refusalOf(now) ?? "" }];
}

function pairedNews(before: Units, now: Units): News[] {
  const old = new Set(before.paired.map(({ unit }) => unit));
  const kept = new Set(now.paired.map(({ unit }) => unit));
  const told = (what: News["what"]) => (one: { name: string | null; unit: string }) => ({
    what,
    name: one.name ?? one.unit,
    why: "",
  });
  return [
    ...now.paired.filter(({ unit }) => !old.has(unit)).map(told("paired")),
    ...before.paired.filter(({ unit }) => !kept.has(unit)).map(told("gone")),
  ];
}
