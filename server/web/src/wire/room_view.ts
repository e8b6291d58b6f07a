/** The room as every surface shows it; the twin of `parvis_wire/room_view.py`. */

import type { Change, FloorTaken, RoomView, Surface, Turn } from "./messages.ts";

export type RoomEvent = Change["event"];

/** What the room means for one participant, the strongest first. */
export type Standing = "live" | "granted" | "invited" | "next" | "queued" | "idle";

/** Changes were lost: only a new snapshot helps. */
export class MissedChange extends Error {}

/** The view after one more event; throws `MissedChange` when `seq` is not the next number. */
export function fold(view: RoomView, seq: number, event: RoomEvent): RoomView {
  if (seq !== view.seq + 1) throw new MissedChange(`change ${seq} after ${view.seq}`);
  return { ...view, seq, ...changed(view, event) };
}

function changed(view: RoomView, event: RoomEvent): Partial<RoomView> {
  switch (event.type) {
    case "hand_raised":
      return { line: [...view.line, event.hand] };
    case "hand_lowered":
      return { line: view.line.filter((hand) => hand.participant !== event.participant) };
    case "floor_granted":
      return granted(view, event.participant);
    case "floor_taken":
      return { floor: view.floor.map((turn) => taken(turn, event)) };
    case "floor_released":
      return { floor: view.floor.filter((turn) => turn.participant !== event.participant) };
    case "microphone_opened":
      return {
        microphones: [...withoutMicrophone(view, event.microphone.unit), event.microphone],
      };
    case "microphone_closed":
      return { microphones: withoutMicrophone(view, event.unit) };
  }
}

function withoutMicrophone(view: RoomView, unit: string): RoomView["microphones"] {
  return view.microphones.filter((microphone) => microphone.unit !== unit);
}

function granted(view: RoomView, participant: string): Partial<RoomView> {
  const turns = view.line
    .filter((hand) => hand.participant === participant)
    .map((hand): Turn => ({ ...hand, state: "granted", unit: null, unit_name: null, ssrc: null }));
  return {
    line: view.line.filter((hand) => hand.participant !== participant),
    floor: [...view.floor, ...turns],
  };
}

function taken(turn: Turn, event: FloorTaken): Turn {
  if (turn.participant !== event.participant) return turn;
  return { ...turn, state: "live", unit: event.unit, unit_name: event.unit_name, ssrc: event.ssrc };
}

/** Where `participant` stands, seen from a unit or a phone. */
export function standing(view: RoomView, participant: string, surface: Surface): Standing {
  for (const turn of view.floor) {
    if (turn.state === "live" && (turn.participant === participant || turn.unit === participant)) {
      return "live";
    }
    if (turn.state === "granted" && turn.participant === participant) return "granted";
  }
  if (view.microphones.some((microphone) => microphone.unit === participant)) return "live";
  const place = placeInLine(view, participant);
  if (place !== null) return place === 1 ? "next" : "queued";
  const phonesTurn = view.floor.some((t) => t.state === "granted" && t.surface === "phone");
  return surface === "unit" && phonesTurn ? "invited" : "idle";
}

/** 1 for the first hand in the line, null without a raised hand. */
export function placeInLine(view: RoomView, participant: string): number | null {
  const index = view.line.findIndex((hand) => hand.participant === participant);
  return index < 0 ? null : index + 1;
}
