/** What the bar at the bottom offers and says about one's own hand. Pure. */

import type { WordKey } from "../i18n/words.ts";
import type { FloorMode, Hand, Overtaking, RoomView } from "../wire/messages.ts";

/** One's own hand in the line. */
export interface OwnHand {
  hand: Hand;
  place: number;
}

export function ownHand(view: RoomView, me: string | null): OwnHand | null {
  const index = view.line.findIndex((hand) => hand.participant === me);
  const hand = view.line[index];
  return hand === undefined ? null : { hand, place: index + 1 };
}

/** Why somebody was let before, in one sentence; each names the rule. */
export const OVERTAKEN: Record<Overtaking, WordKey> = {
  host: "overtaken.host",
  returned: "overtaken.returned",
  reply: "overtaken.reply",
  fresh: "overtaken.fresh",
  absent: "overtaken.absent",
};

/** Whether a right of reply may be asked for now: somebody else speaks. */
export function canReply(view: RoomView, me: string | null): boolean {
  const speaks = view.floor.some((turn) => turn.state === "live" && turn.participant !== me);
  return view.rules.replies && view.rules.takes_hands && speaks;
}

/** What the hand's button says: `act`, unless something has to come first. */
export function handWords(isWaiting: boolean, isVenueAway: boolean, act: WordKey): WordKey {
  if (isWaiting) return "hand.sending";
  return isVenueAway ? "venue.waiting" : act;
}

const MODES: Record<FloorMode, WordKey> = {
  host: "way.host",
  queue: "way.queue",
  open: "way.open",
  override: "way.override",
  push_to_talk: "way.push_to_talk",
  voice: "way.voice",
};

/** How the floor is given now, in one sentence. */
export function modeWords(view: RoomView): WordKey {
  if (view.autopilot && view.rules.mode === "host") return "way.autopilot";
  return MODES[view.rules.mode];
}
