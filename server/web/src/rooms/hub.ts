/** What the front page asks of the hub's HTTP API. */

import { type ListedRoom, readRooms } from "./list.ts";

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

export type FoundCode =
  | { path: string }
  | { fault: "unknown" | "too_many" | "busy" | "unreachable" };

const askHub: Fetch = (path, init) => fetch(path, init);

/** Where a code leads. */
export async function findCode(code: string, ask: Fetch = askHub): Promise<FoundCode> {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ code });
  try {
    const response = await ask("/api/v1/codes", { method: "POST", headers, body });
    if (response.status === 429) return { fault: tooMany(await response.json()) };
    if (response.status === 404) return { fault: "unknown" };
    return response.ok ? leadsTo(await response.json()) : { fault: "unreachable" };
  } catch {
    return { fault: "unreachable" };
  }
}

/** The hub counts wrong codes; an edge, whatever comes from one network. */
function tooMany(answer: unknown): "busy" | "too_many" {
  const code = (answer as { code?: unknown } | null)?.code;
  return code === "too_often" ? "busy" : "too_many";
}

/** Only ever to a page of this hub. */
function leadsTo(answer: unknown): FoundCode {
  const path = (answer as { path?: unknown } | null)?.path;
  const isOurs = typeof path === "string" && /^\/(?![/\\])/.test(path);
  return isOurs ? { path } : { fault: "unreachable" };
}

/** The open rooms; null: the hub does not say. */
export async function listRooms(ask: Fetch = askHub): Promise<ListedRoom[] | null> {
  try {
    const response = await ask("/api/v1/rooms", { cache: "no-store" });
    return response.ok ? readRooms(await response.json()) : null;
  } catch {
    return null;
  }
}
