/** What stands beside a raised hand. */

import type { Say, WordKey } from "../../i18n/words.ts";
import type { Hand, Overtaking } from "../../wire/messages.ts";

const RULES: Record<Overtaking, WordKey> = {
  host: "rule.host",
  returned: "rule.returned",
  reply: "rule.reply",
  fresh: "rule.fresh",
  absent: "rule.absent",
};

/** By which rule somebody came before this hand; "": nobody did, or by a rule of a later hub. */
export function overtakenWords(say: Say, hand: Hand): string {
  if (hand.overtaken_by === null) return "";
  const key = RULES[hand.overtaken_by] as WordKey | undefined;
  return key === undefined ? "" : say(key);
}

/** Where a hand comes from. */
export function fromWords(say: Say, hand: Hand): string {
  const name = hand.unit_name;
  if (name !== null && name !== hand.name) return name;
  return say(hand.surface === "unit" || hand.in_hall ? "line.unit" : "line.phone");
}

/** What is special about it, each in a word or two. */
export function marks(say: Say, hand: Hand): string[] {
  const told: string[] = [];
  if (hand.reply) told.push(say("mark.reply"));
  if (hand.written) told.push(say("mark.written"));
  if (hand.anonymous) told.push(say("mark.anonymous"));
  if (hand.passed > 0) told.push(say("mark.passed", { count: hand.passed }));
  return told;
}
