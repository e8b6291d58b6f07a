/** The room as every surface shows it; the twin of `parvis_wire/room_view.py`. */

import { moved, overtaken, placed, without } from "./hand_line.ts";
import type {
  Change,
  Desk,
  FloorGranted,
  FloorReturned,
  FloorTaken,
  Hand,
  RoomView,
  Turn,
} from "./messages.ts";

export type RoomEvent = Change["event"];

/** `parvis_wire.room_view.ANONYMOUS_NAME`: pages say it in words. */
export const ANONYMOUS_NAME = "–";

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
      return { line: placed(view.line, event.hand, event.place, event.rule) };
    case "hand_lowered":
      return { line: without(view.line, event.participant) };
    case "hand_moved":
      return { line: [...moved(view.line, event.participant, event.place, event.rule)] };
    case "floor_granted":
      return granted(view, event);
    case "floor_returned":
      return returned(view, event);
    case "floor_taken":
      return taken(view, event);
    case "floor_reminded":
      return { floor: turns(view, event.participant, { reminded: true }) };
    case "turn_interrupted":
      return { floor: turns(view, event.participant, { away: true }) };
    case "turn_resumed":
      return { floor: turns(view, event.participant, { away: false }) };
    case "turn_muted":
      return { floor: turns(view, event.participant, { muted: event.muted }) };
    case "floor_released":
      return { floor: without(view.floor, event.participant) };
    case "microphone_opened":
      return { microphones: [...quiet(view, event.microphone.unit), event.microphone] };
    case "microphone_closed":
      return { microphones: quiet(view, event.unit) };
    case "invite_made":
    case "invite_revoked":
    case "blocked":
    case "unblocked":
    case "undo_offered":
      return { desk: view.desk && { ...view.desk, ...deskChanged(view.desk, event) } };
    case "recording_started":
    case "recording_changed":
    case "recording_stopped":
    case "sources_recorded":
    case "consented":
    case "withdrew":
      return recordingChanged(view, event);
    case "hidden":
      return {};
    default:
      return roomChanged(view, event);
  }
}

type Of<Type extends RoomEvent["type"]> = Extract<RoomEvent, { type: Type }>;
type DeskEvent = Of<"invite_made" | "invite_revoked" | "blocked" | "unblocked" | "undo_offered">;
type RecordingEvent = Of<
  | "recording_started"
  | "recording_changed"
  | "recording_stopped"
  | "sources_recorded"
  | "consented"
  | "withdrew"
>;
type WholeRoomEvent = Of<
  | "rules_set"
  | "silenced"
  | "phase_set"
  | "described"
  | "seat_taken"
  | "seat_left"
  | "host_unit_set"
  | "kept_in_view"
  | "host_joined"
  | "host_left"
  | "heir_acts"
  | "autopilot_set"
  | "asked"
  | "ask_closed"
>;

/** `parvis_wire.floor.MAX_KEPT_IN_VIEW`. */
const MAX_KEPT_IN_VIEW = 24;

function roomChanged(view: RoomView, event: WholeRoomEvent): Partial<RoomView> {
  switch (event.type) {
    case "rules_set":
      return { rules: event.rules };
    case "silenced":
      return { silenced: event.on };
    case "phase_set":
      return { phase: event.phase, phase_utc_ms: event.utc_ms };
    case "described":
      return { about: event.about, title: event.about.title };
    case "seat_taken":
      return { seats: [...without(view.seats, event.seated.participant), event.seated] };
    case "seat_left":
      return { seats: without(view.seats, event.participant) };
    case "host_unit_set": {
      const others = view.host_units.filter((unit) => unit !== event.unit);
      return { host_units: event.on ? [...others, event.unit] : others };
    }
    case "kept_in_view": {
      const kept = view.kept_in_view.filter((one) => one !== event.participant);
      const more = [...kept, event.participant].slice(-MAX_KEPT_IN_VIEW);
      return { kept_in_view: event.on ? more : kept };
    }
    case "host_joined":
      return { hosts: [...without(view.hosts, event.host.participant), event.host] };
    case "host_left":
      return { hosts: without(view.hosts, event.participant) };
    case "heir_acts":
      return { acting: event.participant };
    case "autopilot_set":
      return { autopilot: event.on };
    case "asked":
      return { ask: event.ask, tally: null };
    case "ask_closed":
      return { ask: null, tally: event.tally };
  }
}

function recordingChanged(view: RoomView, event: RecordingEvent): Partial<RoomView> {
  const running = view.recording;
  switch (event.type) {
    case "recording_started":
      return { recording: event.recording, consents: [] };
    case "recording_changed":
      return { recording: running && { ...running, terms: event.terms, notice: event.notice } };
    case "recording_stopped":
      return { recording: null, consents: [] };
    case "sources_recorded":
      return { recording: running && { ...running, sources: event.sources } };
    case "consented":
      return { consents: [...without(view.consents, event.consent.participant), event.consent] };
    case "withdrew": {
      if (running?.recording !== event.recording) return {};
      const no = { recorded: false, published: false };
      const consents = view.consents.map((consent) =>
        consent.participant === event.participant ? { ...consent, ...no } : consent,
      );
      return { consents };
    }
  }
}

function deskChanged(desk: Desk, event: DeskEvent): Partial<Desk> {
  switch (event.type) {
    case "invite_made":
      return { invites: [...desk.invites, event.invite] };
    case "invite_revoked":
      return { invites: desk.invites.filter((invite) => invite.number !== event.number) };
    case "blocked":
      return { blocked: [...without(desk.blocked, event.person.participant), event.person] };
    case "unblocked":
      return { blocked: without(desk.blocked, event.participant) };
    case "undo_offered":
      return { undo: event.command };
  }
}

function quiet(view: RoomView, unit: string): RoomView["microphones"] {
  return view.microphones.filter((microphone) => microphone.unit !== unit);
}

/** What a hand and its turn have in common. */
function ofThePerson(one: Hand | Turn) {
  const { participant, name, surface, text, written, anonymous, in_hall } = one;
  const { speaks, reply, raised_at, passed } = one;
  const words = { text, written, anonymous };
  return { participant, name, surface, ...words, in_hall, speaks, reply, raised_at, passed };
}

function granted(view: RoomView, event: FloorGranted): Partial<RoomView> {
  const at = view.line.findIndex((hand) => hand.participant === event.participant);
  const hand = view.line[at];
  if (hand === undefined) return {};
  const atUnit = hand.surface === "unit";
  const turn: Turn = {
    ...ofThePerson(hand),
    state: "granted",
    unit: null,
    unit_name: null,
    ssrc: null,
    place: atUnit ? hand.unit : event.place,
    place_name: atUnit ? hand.unit_name : event.place_name,
    since: event.at,
    reminded: false,
    away: false,
    muted: null,
  };
  const passedBy = overtaken(view.line.slice(0, at), event.rule ?? "host");
  return { line: [...passedBy, ...view.line.slice(at + 1)], floor: [...view.floor, turn] };
}

/** The turn's owner is in the line again; the passed ones are counted. */
function returned(view: RoomView, event: FloorReturned): Partial<RoomView> {
  const turn = view.floor.find(({ participant }) => participant === event.participant);
  if (turn === undefined) return {};
  const hand: Hand = {
    ...ofThePerson(turn),
    ...whereOf(view, turn),
    passed: turn.passed + Number(event.passed),
    overtaken_by: null,
  };
  return {
    floor: without(view.floor, event.participant),
    line: placed(view.line, hand, event.place, "returned"),
  };
}

/** Where its hand was raised, or where its owner sits. */
function whereOf(view: RoomView, turn: Turn): Pick<Hand, "unit" | "unit_name"> {
  if (turn.surface === "unit") {
    return { unit: turn.unit ?? turn.place, unit_name: turn.unit_name ?? turn.place_name };
  }
  const seat = view.seats.find(({ participant }) => participant === turn.participant);
  return { unit: seat?.unit ?? null, unit_name: seat?.unit_name ?? null };
}

function taken(view: RoomView, event: FloorTaken): Partial<RoomView> {
  const live = {
    state: "live",
    unit: event.unit,
    unit_name: event.unit_name,
    ssrc: event.ssrc,
    place: null,
    place_name: null,
    since: event.at,
    reminded: false,
    away: false,
    muted: null,
  } as const;
  if (event.hand === null) return { floor: turns(view, event.participant, live) };
  const turn: Turn = { ...ofThePerson(event.hand), ...live };
  return {
    floor: [...without(view.floor, event.participant), turn],
    line: without(view.line, event.participant),
  };
}

function turns(view: RoomView, participant: string, change: Partial<Turn>): Turn[] {
  return view.floor.map((turn) =>
    turn.participant === participant ? { ...turn, ...change } : turn,
  );
}

/** 1 for the first hand in the line, null without a raised hand. */
export function placeInLine(view: RoomView, participant: string): number | null {
  const index = view.line.findIndex((hand) => hand.participant === participant);
  return index < 0 ? null : index + 1;
}
