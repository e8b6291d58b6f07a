/** Rooms, hands and turns for tests: whole ones, of which a test names what matters to it. */

import type { About, FloorRules, Hand, RoomView, Turn } from "../src/wire/messages.ts";

const RULES: FloorRules = {
  mode: "host",
  cap: 1,
  turn_s: null,
  fresh_first: false,
  replies: true,
  takes_hands: true,
  shows_counts: true,
};

const EMPTY: RoomView = {
  room: "main",
  title: "Evening",
  seq: 0,
  line: [],
  floor: [],
  microphones: [],
  about: null,
  phase: "live",
  phase_utc_ms: null,
  rules: RULES,
  silenced: false,
  hosts: [],
  acting: null,
  autopilot: false,
  seats: [],
  host_units: [],
  kept_in_view: [],
  ask: null,
  tally: null,
  recording: null,
  consents: [],
  desk: null,
};

const PERSON = {
  name: "Zoé",
  surface: "phone",
  unit: null,
  unit_name: null,
  text: null,
  written: false,
  anonymous: false,
  in_hall: false,
  speaks: false,
  reply: false,
  raised_at: 0,
  passed: 0,
} as const;

/** A room in which nothing happened but this. */
export const roomWith = (change: Partial<RoomView> = {}): RoomView => ({ ...EMPTY, ...change });

export const rulesWith = (change: Partial<FloorRules>): FloorRules => ({ ...RULES, ...change });

export const handOf = (participant: string, change: Partial<Hand> = {}): Hand => ({
  ...PERSON,
  participant,
  overtaken_by: null,
  ...change,
});

/** A turn that was granted. */
export const turnOf = (participant: string, change: Partial<Turn> = {}): Turn => ({
  ...PERSON,
  participant,
  state: "granted",
  ssrc: null,
  place: null,
  place_name: null,
  since: 0,
  reminded: false,
  away: false,
  muted: null,
  ...change,
});

export const aboutWith = (title: string, change: Partial<About> = {}): About => ({
  title,
  language: "en",
  description: "",
  topics: [],
  access: "open",
  begins_utc_ms: null,
  ...change,
});
