/** What the room says of one's own turn, as events of the machine; pure. */

import type { Mute, RoomView, Turn } from "../wire/messages.ts";
import { hasFloor, type SpeakEvent, type SpeakState } from "./machine.ts";

/** One's own turn, as the room has it; null: none. */
export function turnOf(view: RoomView | null, me: string | null): Turn | null {
  return view?.floor.find((turn) => turn.participant === me) ?? null;
}

/** Whether the hub says that this microphone is on the air, muted or not. */
export function isCarriedBy(turn: Turn | null, microphone: string | null): boolean {
  return turn !== null && turn.state === "live" && turn.unit === microphone && microphone !== null;
}

/** What the room's word means now; null: nothing new. */
export function eventOf(
  state: SpeakState,
  turn: Turn | null,
  microphone: string | null,
): SpeakEvent | null {
  const isOurs = isCarriedBy(turn, microphone);
  if (state === "connecting") {
    if (isOurs) return "on_air";
    const isElsewhere = turn?.state === "live" && microphone !== null;
    return turn === null || isElsewhere ? "turn_over" : null;
  }
  if (state === "opening") return turn === null ? "turn_over" : null;
  if (!hasFloor(state)) return null;
  return isOurs ? null : "turn_over";
}

/** What is on the air of what the phone sends: ON AIR is only what the hub has confirmed. */
export function isOnAir(
  state: SpeakState,
  turn: Turn | null,
  microphone: string | null,
  isSilenced: boolean,
): boolean {
  const isHeard = isCarriedBy(turn, microphone) && mutedOf(turn) === null && !turn?.away;
  return state === "live" && isHeard && !isSilenced;
}

export function mutedOf(turn: Turn | null): Mute | null {
  return turn?.muted ?? null;
}
