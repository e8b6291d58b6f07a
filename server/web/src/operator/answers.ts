/**
 * What the hub answers its operator, read with care: an entry that a later hub tells otherwise is
 * passed over, and an answer that is none at all is null.
 */

import type { UnitUpdate } from "../updates/words.ts";

/** One door of the hub. */
export interface DoorInfo {
  scheme: string;
  port: number;
  /** `own`: the hub made it; `files`: given to it; null: no encryption. */
  certificate: string | null;
  expiresUtcMs: number | null;
  fingerprint: string | null;
}

export interface House {
  claimed: boolean;
  /** The site's key, in groups as people compare it. */
  site: string;
  openHouse: boolean;
  plainHost: boolean;
  doors: DoorInfo[];
  announced: boolean;
  /** Codes of what stands in the way of an evening. */
  missing: string[];
}

export interface WaitingUnit {
  unit: string;
  name: string | null;
  sinceUtcMs: number | null;
  address: string | null;
  /** Null: nobody asked it yet. */
  hasCode: boolean | null;
  /** `waiting`, `asked`, `wrong_code`, `press` or `refused:` and why. */
  state: string;
  triesLeft: number | null;
  /** It is being accepted without a code. */
  firstUse: boolean;
}

export interface PairedUnit {
  unit: string;
  name: string | null;
  how: string;
  pairedUtcMs: number | null;
  by: string | null;
  lastSeenUtcMs: number | null;
  here: boolean;
  room: string | null;
  /** Of the program that it runs; null: it is away, or too old to say. */
  version: string | null;
  update: UnitUpdate | null;
}

export interface Units {
  waiting: WaitingUnit[];
  paired: PairedUnit[];
}

export interface Session {
  id: string;
  name: string;
  current: boolean;
  address: string | null;
  createdUtcMs: number | null;
  lastSeenUtcMs: number | null;
  expiresUtcMs: number | null;
}

export interface Act {
  /** What orders them, whatever the clocks say. */
  number: number;
  utcMs: number;
  act: string;
  by: string | null;
  about: string | null;
  address: string | null;
}

export interface ManagedRoom {
  room: string;
  title: string;
  phase: string;
}

type Said = Record<string, unknown>;

const word = (value: unknown): string | null => (typeof value === "string" ? value : null);
const count = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

function list<T>(answer: unknown, key: string, read: (said: Said) => T | null): T[] | null {
  const entries = (answer as Said | null)?.[key];
  if (!Array.isArray(entries)) return null;
  return entries
    .filter((entry): entry is Said => typeof entry === "object" && entry !== null)
    .map(read)
    .filter((entry) => entry !== null) as T[];
}

export function readHouse(answer: unknown): House | null {
  const said = answer as Said | null;
  if (typeof said !== "object" || said === null || typeof said.claimed !== "boolean") return null;
  const missing = Array.isArray(said.missing) ? said.missing : [];
  return {
    claimed: said.claimed,
    site: word(said.site) ?? "",
    openHouse: said.open_house === true,
    plainHost: said.plain_host === true,
    doors: list(said, "listeners", readDoor) ?? [],
    announced: said.announced === true,
    missing: missing.filter((code): code is string => typeof code === "string"),
  };
}

function readDoor(said: Said): DoorInfo | null {
  const scheme = word(said.scheme);
  const port = count(said.port);
  if (scheme === null || port === null) return null;
  return {
    scheme,
    port,
    certificate: word(said.certificate),
    expiresUtcMs: count(said.expires_utc_ms),
    fingerprint: word(said.fingerprint),
  };
}

export function readUnits(answer: unknown): Units | null {
  const waiting = list(answer, "waiting", readWaiting);
  const paired = list(answer, "paired", readPaired);
  return waiting === null || paired === null ? null : { waiting, paired };
}

function readWaiting(said: Said): WaitingUnit | null {
  const unit = word(said.unit);
  if (unit === null) return null;
  return {
    unit,
    name: word(said.name),
    sinceUtcMs: count(said.since_utc_ms),
    address: word(said.address),
    hasCode: typeof said.has_code === "boolean" ? said.has_code : null,
    state: word(said.state) ?? "waiting",
    triesLeft: count(said.tries_left),
    firstUse: said.first_use === true,
  };
}

function readPaired(said: Said): PairedUnit | null {
  const unit = word(said.unit);
  if (unit === null) return null;
  return {
    unit,
    name: word(said.name),
    how: word(said.how) ?? "",
    pairedUtcMs: count(said.paired_utc_ms),
    by: word(said.by),
    lastSeenUtcMs: count(said.last_seen_utc_ms),
    here: said.here === true,
    room: word(said.room),
    version: word(said.version),
    update: readUpdate(said.update),
  };
}

function readUpdate(told: unknown): UnitUpdate | null {
  if (typeof told !== "object" || told === null) return null;
  const said = told as Said;
  const step = word(said.step);
  const version = word(said.version);
  if (step === null || version === null) return null;
  return { step, version, percent: count(said.percent), fault: word(said.fault) };
}

export function readSessions(answer: unknown): Session[] | null {
  return list(answer, "sessions", (said) => {
    const id = word(said.id);
    if (id === null) return null;
    return {
      id,
      name: word(said.name) ?? "",
      current: said.current === true,
      address: word(said.address),
      createdUtcMs: count(said.created_utc_ms),
      lastSeenUtcMs: count(said.last_seen_utc_ms),
      expiresUtcMs: count(said.expires_utc_ms),
    };
  });
}

/** Newest first, whatever order the hub has. */
export function readActs(answer: unknown): Act[] | null {
  const acts = list(answer, "acts", (said) => {
    const number = count(said.number);
    const utcMs = count(said.utc_ms);
    const act = word(said.act);
    if (number === null || utcMs === null || act === null) return null;
    const [by, about, address] = [word(said.by), word(said.about), word(said.address)];
    return { number, utcMs, act, by, about, address };
  });
  return acts?.sort((one, other) => other.number - one.number) ?? null;
}

/** The token of a new session. */
export function readToken(answer: unknown): string | null {
  const token = word((answer as Said | null)?.token);
  return token === "" ? null : token;
}

export function readRooms(answer: unknown): ManagedRoom[] | null {
  return list(answer, "rooms", (said) => {
    const room = word(said.room);
    if (room === null) return null;
    return { room, title: word(said.title) ?? room, phase: word(said.phase) ?? "" };
  });
}

/** The host's page of a room, on this origin; null: the hub gave something else. */
export function readHostPath(answer: unknown): string | null {
  const link = word((answer as Said | null)?.link);
  try {
    const { pathname, hash } = new URL(link ?? "");
    return pathname === "/host" && hash !== "" ? `${pathname}${hash}` : null;
  } catch {
    return null;
  }
}

/** A link that makes one more session, once. */
export interface SetupLink {
  link: string;
  minutes: number;
}

export function readSetupLink(answer: unknown): SetupLink | null {
  const said = answer as Said | null;
  const link = word(said?.link);
  return link === null ? null : { link, minutes: count(said?.minutes) ?? 15 };
}
