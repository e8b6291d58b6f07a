/** The order of the line; the twin of `parvis_wire/hand_line.py`. */

import type { Hand, Overtaking } from "./messages.ts";

type Line = readonly Hand[];

/** All but this participant. */
export function without<T extends { participant: string }>(
  people: readonly T[],
  participant: string,
): T[] {
  return people.filter((one) => one.participant !== participant);
}

/** The line with one more hand, at its end or at `place`; whom it overtook is told. */
export function placed(
  line: Line,
  hand: Hand,
  place: number | null,
  rule: Overtaking | null,
): Hand[] {
  const before = place === null ? line.length : place - 1;
  return [...line.slice(0, before), hand, ...overtaken(line.slice(before), rule)];
}

/** Hands that another one came before, each with the rule; null: it came by no rule (undone). */
export function overtaken(hands: Line, rule: Overtaking | null): Line {
  return rule === null ? hands : hands.map((hand) => ({ ...hand, overtaken_by: rule }));
}

/**
 * The line with one hand at another place.
 *
 * Whoever stands behind it and did not before was overtaken; a hand that moves back was overtaken
 * itself.
 */
export function moved(line: Line, participant: string, place: number, rule: Overtaking): Line {
  const was = line.findIndex((hand) => hand.participant === participant);
  const hand = line[was];
  if (hand === undefined) return line;
  const others = without(line, participant);
  const to = Math.min(place - 1, others.length);
  if (to >= was) {
    const back = to > was ? { ...hand, overtaken_by: rule } : hand;
    return [...others.slice(0, to), back, ...others.slice(to)];
  }
  return [
    ...others.slice(0, to),
    hand,
    ...overtaken(others.slice(to, was), rule),
    ...others.slice(was),
  ];
}
