/** What the audience's link says: `/r/ROOM#k=SECRET&seat=CODE`; kept for this tab. */

import { type Kept, takeFragment } from "../ui/fragment.ts";

/** `parvis_wire.messages.DEFAULT_ROOM`. */
const DEFAULT_ROOM = "main";

/** A room, and what lets one in. */
export interface RoomLink {
  room: string;
  /** Of a private room, or of an invitation. */
  secret: string | null;
  /** Of the unit whose code was scanned; null: none, or it was dealt with. */
  seat: string | null;
}

/** `parvis_wire.commands.TakeSeat.code`: another one would end the connection for a fault. */
const SEAT_CODE = /^[A-Za-z0-9_-]{4,64}$/;
/** `parvis_wire.messages.InviteCredential.token`. */
const SECRET = /^.{1,256}$/;

const SECRET_KEY = "parvis.invite";
const SEAT_KEY = "parvis.seat";

/** Reads the link and leaves none of its secrets in the address bar. */
export function takeRoomLink(location: Location, history: History, tab: Kept | null): RoomLink {
  const room = roomOf(location.pathname);
  const given = takeFragment(location, history, ["k", "seat"]);
  return {
    room,
    secret: keptOr(tab, `${SECRET_KEY}.${room}`, SECRET, given.get("k")),
    seat: keptOr(tab, `${SEAT_KEY}.${room}`, SEAT_CODE, given.get("seat")),
  };
}

/** The seat was taken, or is not wanted: a reload asks no more. */
export function forgetSeat(room: string, tab: Kept | null): void {
  tab?.removeItem(`${SEAT_KEY}.${room}`);
}

/** `/r/{room}`; anything else is the default room. */
export function roomOf(path: string): string {
  return /^\/r\/([a-z0-9][a-z0-9-]{0,63})\/?$/.exec(path)?.[1] ?? DEFAULT_ROOM;
}

/** What the link says, or said before in this tab; a link that is not whole says nothing. */
function keptOr(tab: Kept | null, key: string, whole: RegExp, given: string | null): string | null {
  if (given === null || !whole.test(given)) return tab?.getItem(key) ?? null;
  tab?.setItem(key, given);
  return given;
}
