/** What the hub tells of a room over HTTP; the secret of its link travels in a header. */

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
