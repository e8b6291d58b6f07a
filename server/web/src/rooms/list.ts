/** The open rooms as the hub lists them, in the order in which people look for theirs. */

import type { Phase } from "../wire/messages.ts";

export interface ListedRoom {
  room: string;
  title: string;
  language: string;
  topics: readonly string[];
  phase: Phase;
  beginsUtcMs: number | null;
  createdUtcMs: number;
}

export interface Sorted {
  /** Newest first. */
  live: ListedRoom[];
  /** The nearest first; those without a time last. */
  soon: ListedRoom[];
  /** The latest first. */
  ended: ListedRoom[];
}

/** The rooms of the hub's answer; one that a later hub tells otherwise is passed over. */
export function readRooms(answer: unknown): ListedRoom[] {
  const rooms = (answer as { rooms?: unknown } | null)?.rooms;
  return Array.isArray(rooms) ? rooms.map(readRoom).filter((room) => room !== null) : [];
}

function readRoom(said: Record<string, unknown> | null): ListedRoom | null {
  const { room, title, language, topics, phase, begins_utc_ms, created_utc_ms } = said ?? {};
  if (typeof room !== "string" || typeof title !== "string" || !isPhase(phase)) return null;
  return {
    room,
    title,
    language: typeof language === "string" ? language : "en",
    topics: Array.isArray(topics) ? topics.filter((topic) => typeof topic === "string") : [],
    phase,
    beginsUtcMs: typeof begins_utc_ms === "number" ? begins_utc_ms : null,
    createdUtcMs: typeof created_utc_ms === "number" ? created_utc_ms : 0,
  };
}

function isPhase(phase: unknown): phase is Phase {
  return ["scheduled", "backstage", "live", "ended"].includes(phase as string);
}

/** Who is on now, who comes, who was. */
export function sortRooms(rooms: readonly ListedRoom[]): Sorted {
  const newest = (one: ListedRoom, other: ListedRoom) =>
    (other.beginsUtcMs ?? other.createdUtcMs) - (one.beginsUtcMs ?? one.createdUtcMs);
  return {
    live: rooms.filter(({ phase }) => phase === "live").sort(newest),
    soon: rooms
      .filter(({ phase }) => phase === "scheduled" || phase === "backstage")
      .sort(
        (one, other) => nearness(one) - nearness(other) || one.createdUtcMs - other.createdUtcMs,
      ),
    ended: rooms.filter(({ phase }) => phase === "ended").sort(newest),
  };
}

/** Backstage begins in a moment, whatever was announced. */
function nearness({ phase, beginsUtcMs }: ListedRoom): number {
  return phase === "backstage" ? 0 : (beginsUtcMs ?? Number.MAX_SAFE_INTEGER);
}
