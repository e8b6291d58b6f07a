/** What happened to one's own hand without one's own act, until something newer is said. Pure. */

import type { WordKey } from "../i18n/words.ts";
import type { LowerReason } from "../wire/messages.ts";
import type { RoomEvent } from "../wire/room_view.ts";

/** The words for why a hand left the line, or a turn ended. */
const WHY: Record<LowerReason, WordKey> = {
  dismissed: "why.dismissed",
  answered: "why.answered",
  off_topic: "why.off_topic",
  no_time: "why.no_time",
  later: "why.later",
  absent: "why.absent",
  no_answer: "why.no_answer",
  blocked: "why.blocked",
  closed: "why.closed",
  overridden: "why.overridden",
};

/** The notice after `event`, for `me`. What one did oneself needs none. */
export function noticeAfter(
  before: WordKey | null,
  event: RoomEvent,
  me: string | null,
): WordKey | null {
  if (event.type === "hand_raised") return event.hand.participant === me ? null : before;
  if (!("participant" in event) || event.participant !== me) return before;
  switch (event.type) {
    case "hand_lowered":
    case "floor_released":
      return event.reason === null || event.reason === undefined ? null : WHY[event.reason];
    case "floor_returned":
      return event.passed ? "why.passed_on" : "why.dropped";
    case "floor_granted":
    case "floor_taken":
      return null;
    default:
      return before;
  }
}
