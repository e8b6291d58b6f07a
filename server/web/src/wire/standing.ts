/** What the room means for one participant; the twin of `parvis_wire/standing.py`. */

import type { RoomView, Surface, Turn } from "./messages.ts";
import { placeInLine } from "./room_view.ts";

/** What the room means for one participant, the strongest first. */
export type Standing = "live" | "granted" | "invited" | "next" | "queued" | "idle";

/** Where `participant` stands, seen from a unit or a phone. */
export function standing(view: RoomView, participant: string, surface: Surface): Standing {
  if (isLive(view, participant)) return "live";
  const atUnit = surface === "unit";
  const granted = view.floor.filter((turn) => turn.state === "granted");
  const isTheirs = (turn: Turn) =>
    turn.participant === participant || (atUnit && isAt(turn, participant));
  if (granted.some(isTheirs)) return "granted";
  const invites = atUnit ? granted.filter(waitsForAUnit).map((turn) => turn.place) : [];
  if (invites.includes(participant)) return "invited";
  const place = atUnit ? unitPlace(view, participant) : placeInLine(view, participant);
  if (place !== null) return place === 1 ? "next" : "queued";
  return invites.includes(null) ? "invited" : "idle";
}

/** Whether their turn is live, or this unit's microphone is open, whoever else waits there. */
function isLive(view: RoomView, participant: string): boolean {
  const carries = (turn: Turn) =>
    turn.state === "live" && (turn.participant === participant || turn.unit === participant);
  return view.floor.some(carries) || view.microphones.some(({ unit }) => unit === participant);
}

/** Whether a turn was raised by somebody at this unit. */
function isAt(turn: Turn, unit: string): boolean {
  return turn.surface === "unit" && turn.place === unit;
}

/** Whether a granted turn of a phone is taken by a press at a unit. */
function waitsForAUnit(turn: Turn): boolean {
  const ownMicrophone = turn.speaks && !turn.in_hall;
  return turn.surface === "phone" && !turn.written && !ownMicrophone;
}

/** The foremost place of the people at a unit. */
export function unitPlace(view: RoomView, unit: string): number | null {
  const index = view.line.findIndex(
    (hand) => hand.participant === unit || (hand.surface === "unit" && hand.unit === unit),
  );
  return index < 0 ? null : index + 1;
}
