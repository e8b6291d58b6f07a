/** What the hub tells of a room over HTTP; the secret of its link travels in a header. */

import type { HubClient } from "../room/hub_client.ts";
import type { RoomLink } from "./link.ts";

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** Asks at `path` of the hub; null: it says nothing, which the connection's words explain. */
export async function askHub(
  path: string,
  { secret }: RoomLink,
  ask: Fetch = (where, init) => fetch(where, init),
): Promise<Response | null> {
  const headers: HeadersInit = secret === null ? {} : { Authorization: `Bearer ${secret}` };
  try {
    const response = await ask(path, { headers, cache: "no-store" });
    return response.ok ? response : null;
  } catch {
    return null;
  }
}

/** The address of a room in the API. */
export function apiPath({ room }: RoomLink, what = ""): string {
  return `/api/v1/rooms/${encodeURIComponent(room)}${what && `/${what}`}`;
}

/** The names in `spoke` of the hub's word about a room; none where it does not tell. */
export function whoSpoke(answer: unknown): string[] {
  const spoke = (answer as { spoke?: unknown } | null)?.spoke;
  if (!Array.isArray(spoke)) return [];
  const names = spoke.map((one) =>
    typeof one === "string" ? one : (one as { name?: unknown } | null)?.name,
  );
  return [...new Set(names.filter((name) => typeof name === "string"))];
}

/** What can be heard of a room: `ReplayList` of the API. */
export interface Replays {
  replays: { path: string; title: string; begun_utc_ms: number }[];
  /** Of the recording that goes on, from its beginning. */
  now: string | null;
  is_open: boolean;
}

/** Null: nothing that this page understands. */
export function readReplays(said: unknown): Replays | null {
  const told = said as Partial<Replays> | null;
  return Array.isArray(told?.replays) && typeof told.is_open === "boolean"
    ? { replays: told.replays, now: told.now ?? null, is_open: told.is_open }
    : null;
}

/** A path of one's own to what a room that is not open has to hear; null: there is none. */
export async function ownPath(
  link: RoomLink,
  resume: string | null,
  ask: Fetch = (where, init) => fetch(where, init),
): Promise<string | null> {
  const body = JSON.stringify({ resume });
  const init = { method: "POST", body };
  const answer = await askHub(apiPath(link, "paths"), link, (where, more) =>
    ask(where, {
      ...more,
      ...init,
      headers: { ...more.headers, "Content-Type": "application/json" },
    }),
  );
  try {
    const path = ((await answer?.json()) as { path?: unknown } | undefined)?.path;
    return typeof path === "string" && path.startsWith("/p/") ? path : null;
  } catch {
    return null;
  }
}

/** The plain stream of a room that is not open, by a path of one's own; null: there is none. */
export async function ownStream(
  link: RoomLink,
  resume: string | null,
  ask: Fetch = (where, init) => fetch(where, init),
): Promise<string | null> {
  const own = await ownPath(link, resume, ask);
  return own === null ? null : `${own}listen.mp3?`;
}

/** Once the hub has shown the room: then it also knows who one is. */
export function shown(hub: Pick<HubClient, "room">): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (hub.room.value.view === null) return;
      end();
      resolve();
    };
    const end = hub.room.follow(look);
    look();
  });
}
