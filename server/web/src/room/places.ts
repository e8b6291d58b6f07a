/** Where a room can be heard: what the hub names, as origins to join at, and which to try next. */

/** A hub names a few; what comes after them is not worth a try. */
const MAX_PLACES = 32;

/** A place that failed is not tried for so long, unless all others failed too. */
const AVOIDED_FOR_MS = 30_000;

/** No weight is so small that a place of it would come later. */
const LAST = 1e6;

const PORT = /^:([0-9]{1,5})$/;
const PATH = /^\/e\/[0-9]{1,2}$/;
const ORIGIN = /^https?:\/\/[A-Za-z0-9.[\]:-]{1,253}$/;

/**
 * The WebSocket origin of a place, seen from a page of `own` (`wss://room.example`): `:8081` is
 * another port of its host, `/e/1` a path of it, anything else an origin. Null: it is no place, or
 * one that a page of `own` may not reach (plain http from an encrypted page).
 */
export function placeOrigin(place: unknown, own: string): string | null {
  if (typeof place !== "string") return null;
  if (PATH.test(place)) return own + place;
  const port = PORT.exec(place)?.[1];
  if (port !== undefined) return otherPort(own, Number(port));
  return ORIGIN.test(place) ? socketOrigin(place, own) : null;
}

/**
 * What `GET /api/v1/rooms/{room}/edges` says, in the order in which to try; whatever is no place is
 * passed over. Thousands may have got the same answer: each draws, a place of twice the weight twice
 * as often the first. Weight 0 comes last. Without weights (an older hub): as they stand.
 */
export function placesOf(answer: unknown, own: string, random = Math.random): string[] {
  const told = answer as { edges?: unknown; weights?: unknown } | null;
  if (!Array.isArray(told?.edges)) return [];
  const weights: unknown[] = Array.isArray(told.weights) ? told.weights : [];
  const drawn = told.edges.slice(0, MAX_PLACES).map((place, index) => ({
    origin: placeOrigin(place, own),
    arrivesAt: weights.length === 0 ? index : arrival(weights[index], random),
  }));
  drawn.sort((one, other) => one.arrivesAt - other.arrivesAt);
  return [...new Set(drawn.map(({ origin }) => origin).filter((origin) => origin !== null))];
}

/** After an exponential time whose rate is the weight; those of weight 0 after all others. */
function arrival(weight: unknown, random: () => number): number {
  const wait = -Math.log(1 - random());
  return typeof weight === "number" && weight > 0 ? wait / weight : LAST + wait;
}

function otherPort(own: string, port: number): string | null {
  if (port < 1 || port > 65_535) return null;
  const { protocol, hostname } = new URL(own);
  return tidy(`${protocol}//${hostname}:${port}`);
}

function socketOrigin(place: string, own: string): string | null {
  const isPlain = place.startsWith("http:");
  if (isPlain && own.startsWith("wss:")) return null;
  return tidy(place.replace(/^http/, "ws"));
}

/** One spelling for each origin; null for what is none. */
function tidy(origin: string): string | null {
  try {
    const { protocol, host } = new URL(origin);
    return host === "" ? null : `${protocol}//${host}`;
  } catch {
    return null;
  }
}

/** The places that are known, and when they failed. */
export class Places {
  private known: readonly string[] = [];
  private readonly failedMs = new Map<string, number>();

  constructor(readonly own: string) {}

  /** The hub named these, in the order in which to try. */
  learn(origins: readonly string[]): void {
    this.known = origins;
  }

  /** Nobody answered there, or it broke off. */
  failed(origin: string, nowMs: number): void {
    this.failedMs.delete(origin); // so that the map's order is that of time
    this.failedMs.set(origin, nowMs);
  }

  isAvoided(origin: string, nowMs: number): boolean {
    const failedMs = this.failedMs.get(origin);
    return failedMs !== undefined && nowMs - failedMs < AVOIDED_FOR_MS;
  }

  /** The best one that did not fail, the page's own host at last; then the one that failed first. */
  next(nowMs: number): string {
    return this.other(null, nowMs) ?? this.leastRecent();
  }

  /** The best one besides `here` that did not fail. */
  other(here: string | null, nowMs: number): string | null {
    const fits = (origin: string) => origin !== here && !this.isAvoided(origin, nowMs);
    return this.all.find(fits) ?? null;
  }

  private get all(): string[] {
    return [...this.known.filter((origin) => origin !== this.own), this.own];
  }

  private leastRecent(): string {
    const all = this.all;
    return [...this.failedMs.keys()].find((origin) => all.includes(origin)) ?? this.own;
  }
}
