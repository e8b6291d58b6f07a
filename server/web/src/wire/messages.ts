/**
 * Control messages: the generated types, and a check at run time of what comes from the hub.
 *
 * The check looks at every key that the page reads, so that a wrong message is refused at the door
 * and not found later as an `undefined` on the screen. Unknown keys are left alone: later versions
 * may add some.
 */

import type { HubMessage } from "./messages.generated.ts";

export type * from "./messages.generated.ts";

export const PROTOCOL_VERSION = 1;

/** `parvis_wire.fields.MAX_NAME_CHARACTERS`. */
export const MAX_NAME_CHARACTERS = 40;

/** A text message that is not a control message of the hub. */
export class BadMessage extends Error {}

type Check = (value: unknown) => boolean;
type Fields = Record<string, Check>;

const isString: Check = (value) => typeof value === "string";
const isBoolean: Check = (value) => typeof value === "boolean";
const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || value === undefined || check(value);
const oneOf =
  (...choices: string[]): Check =>
  (value) =>
    choices.includes(value as string);
const listOf =
  (fields: Fields): Check =>
  (value) =>
    Array.isArray(value) && value.every((item) => hasFields(item, fields));

const fields =
  (fields: Fields): Check =>
  (value) =>
    hasFields(value, fields);
const isStrings: Check = (value) => Array.isArray(value) && value.every(isString);
const isCounts: Check = (value) =>
  typeof value === "object" && value !== null && Object.values(value).every(isCount);
const isRule = oneOf("host", "returned", "reply", "fresh", "absent");
const isPhase = oneOf("scheduled", "backstage", "live", "ended");
const isRank = oneOf("host", "cohost");
const isPacketMs: Check = (value) => [20, 40, 60, 80, 100, 120].includes(value as number);

/** What a hand and its turn have in common. */
const PERSON: Fields = {
  participant: isString,
  name: isString,
  surface: oneOf("unit", "phone"),
  unit: orNull(isString),
  unit_name: orNull(isString),
  text: orNull(isString),
  written: isBoolean,
  anonymous: isBoolean,
  in_hall: isBoolean,
  speaks: isBoolean,
  reply: isBoolean,
  raised_at: isCount,
  passed: isCount,
};
const HAND: Fields = { ...PERSON, overtaken_by: orNull(isRule) };
const MICROPHONE: Fields = { unit: isString, name: isString, ssrc: isCount };
const TURN: Fields = {
  ...PERSON,
  state: oneOf("granted", "live"),
  ssrc: orNull(isCount),
  place: orNull(isString),
  place_name: orNull(isString),
  since: isCount,
  reminded: isBoolean,
  away: isBoolean,
  muted: orNull(oneOf("self", "hidden", "device")),
};
const RULES: Fields = {
  mode: oneOf("host", "queue", "open", "override", "push_to_talk", "voice"),
  cap: isCount,
  turn_s: orNull(isCount),
  fresh_first: isBoolean,
  replies: isBoolean,
  takes_hands: isBoolean,
  shows_counts: isBoolean,
};
const ABOUT: Fields = {
  title: isString,
  language: isString,
  description: isString,
  topics: isStrings,
  access: oneOf("open", "private", "closed"),
  begins_utc_ms: orNull(isCount),
};
const SEATED: Fields = {
  participant: isString,
  name: isString,
  unit: isString,
  unit_name: isString,
};
const HOST: Fields = { participant: isString, name: orNull(isString), rank: isRank };
const ASK: Fields = { number: isCount, question: isString, at: isCount };
const TALLY: Fields = { question: isString, yes_hall: isCount, yes_far: isCount, asked: isCount };
const INVITE: Fields = { number: isCount, role: isString, name: orNull(isString) };
const NAMED: Fields = { participant: isString, name: isString };
const BLOCKED: Fields = { ...NAMED, out: isBoolean };
const TERMS: Fields = {
  retention_days: isCount,
  unattended: oneOf("left_out", "recorded", "published"),
  unrecorded_may_speak: isBoolean,
  purpose_fr: orNull(isString),
  purpose_en: orNull(isString),
  contact: orNull(isString),
};
const NOTICE_WORDS: Fields = {
  hearing: isString,
  to_record: isString,
  to_publish: isString,
  aloud: isString,
};
const NOTICE: Fields = {
  version: isString,
  fr: fields(NOTICE_WORDS),
  en: fields(NOTICE_WORDS),
};
const areSources: Check = (value) => Array.isArray(value) && value.every(isCount);
const RECORDING: Fields = {
  recording: isString,
  begun_at: isCount,
  begun_utc_ms: isCount,
  terms: fields(TERMS),
  notice: fields(NOTICE),
  sources: areSources,
};
const CONSENT: Fields = {
  participant: isString,
  name: orNull(isString),
  recorded: isBoolean,
  published: isBoolean,
  text_version: isString,
  at: isCount,
};
const DESK: Fields = {
  invites: listOf(INVITE),
  blocked: listOf(BLOCKED),
  undo: orNull(isString),
};
const SHARES: Fields = { stage_ms: isCount, hall_ms: isCount, phones_ms: isCount };
const SOURCE_STATUS: Fields = {
  kind: isString,
  kept_out: orNull(isString),
  gain_db: orNull(isNumber),
  by_hand: isBoolean,
  priority_db: isNumber,
  shared: isBoolean,
  muted: isBoolean,
  delay_ms: orNull(isNumber),
  drift_ppm: orNull(isNumber),
  concealed: isCount,
};
const OUTPUT_STATUS: Fields = {
  kind: isString,
  playing: isBoolean,
  delay_ms: orNull(isNumber),
  underruns: isCount,
  turned_down_db: isNumber,
};
const UPDATE_STATE: Fields = {
  step: isString,
  version: isString,
  percent: orNull(isCount),
  fault: orNull(isString),
};
const SOFTWARE: Fields = { version: isString, update: orNull(fields(UPDATE_STATE)) };
const UNIT_STATUS: Fields = {
  unit: isString,
  name: isString,
  connected: isBoolean,
  on_air: isBoolean,
  level_dbfs: orNull(isNumber),
  zone: orNull(isString),
  muted_there: isBoolean,
  software: orNull(fields(SOFTWARE)),
  source: orNull(fields(SOURCE_STATUS)),
  output: orNull(fields(OUTPUT_STATUS)),
};
const ALARM: Fields = {
  kind: isString,
  participant: orNull(isString),
  zone: orNull(isString),
  hertz: orNull(isNumber),
  value: orNull(isNumber),
};
const CHECK_RESULT: Fields = {
  output: isString,
  state: isString,
  desk: orNull(isString),
  gain_db: orNull(isNumber),
  delay_ms: orNull(isNumber),
};
const VIEW: Fields = {
  room: isString,
  title: isString,
  seq: isCount,
  line: listOf(HAND),
  floor: listOf(TURN),
  microphones: listOf(MICROPHONE),
  about: orNull(fields(ABOUT)),
  phase: isPhase,
  phase_utc_ms: orNull(isCount),
  rules: fields(RULES),
  silenced: isBoolean,
  hosts: listOf(HOST),
  acting: orNull(isString),
  autopilot: isBoolean,
  seats: listOf(SEATED),
  host_units: isStrings,
  kept_in_view: isStrings,
  ask: orNull(fields(ASK)),
  tally: orNull(fields(TALLY)),
  recording: orNull(fields(RECORDING)),
  consents: listOf(CONSENT),
  desk: orNull(fields(DESK)),
};
const ONE: Fields = { participant: isString };
const EVENTS: Record<string, Fields> = {
  hand_raised: { hand: fields(HAND), place: orNull(isCount), rule: orNull(isRule) },
  hand_lowered: { ...ONE, reason: orNull(isString) },
  hand_moved: { ...ONE, place: isCount, rule: isRule },
  floor_granted: {
    ...ONE,
    at: isCount,
    place: orNull(isString),
    place_name: orNull(isString),
    rule: orNull(isRule),
  },
  floor_taken: {
    ...ONE,
    unit: orNull(isString),
    unit_name: orNull(isString),
    ssrc: isCount,
    at: isCount,
    hand: orNull(fields(HAND)),
  },
  floor_reminded: ONE,
  floor_returned: { ...ONE, place: isCount, passed: isBoolean },
  turn_interrupted: ONE,
  turn_resumed: ONE,
  turn_muted: { ...ONE, muted: orNull(oneOf("self", "hidden", "device")) },
  floor_released: { ...ONE, reason: orNull(isString) },
  microphone_opened: { microphone: fields(MICROPHONE) },
  microphone_closed: { unit: isString },
  rules_set: { rules: fields(RULES) },
  silenced: { on: isBoolean },
  phase_set: { phase: isPhase, utc_ms: isCount },
  described: { about: fields(ABOUT), shown_out: isBoolean },
  seat_taken: { seated: fields(SEATED) },
  seat_left: ONE,
  host_unit_set: { unit: isString, on: isBoolean },
  kept_in_view: { participant: isString, on: isBoolean },
  host_joined: { host: fields(HOST) },
  host_left: ONE,
  heir_acts: { participant: orNull(isString) },
  autopilot_set: { on: isBoolean },
  asked: { ask: fields(ASK) },
  ask_closed: { tally: fields(TALLY) },
  invite_made: { invite: fields(INVITE) },
  invite_revoked: { number: isCount },
  blocked: { person: fields(BLOCKED) },
  unblocked: ONE,
  undo_offered: { command: orNull(isString) },
  recording_started: { recording: fields(RECORDING) },
  recording_changed: { terms: fields(TERMS), notice: fields(NOTICE) },
  recording_stopped: { recording: isString, reason: orNull(isString) },
  sources_recorded: { sources: areSources },
  consented: { consent: fields(CONSENT) },
  withdrew: { ...ONE, recording: isString },
  hidden: {},
};
const MESSAGES: Record<string, Fields> = {
  welcome: {
    participant: isString,
    resume: isString,
    confirm: (value) => value === undefined || isBoolean(value),
    grant: orNull(isString),
    reconnect_spread_ms: isCount,
    rank: orNull(isRank),
    speaker: isBoolean,
  },
  snapshot: { view: fields(VIEW) },
  change: { seq: isCount, room_clock: isCount, event: (value) => isOneOf(value, EVENTS) },
  time: { room_clock: isCount, hub_ns: isNumber, utc_ms: isCount },
  ack: {
    id: isString,
    refused: orNull(isString),
    text: isString,
    figure_ms: orNull(isNumber),
    link: orNull(isString),
  },
  attend: { what: oneOf("identify", "chime", "time_soon", "time_over") },
  pulse: {
    listeners: orNull(isCount),
    in_hall: orNull(isCount),
    reactions: isCounts,
    yes: orNull(isCount),
  },
  failure: { code: isCount, text: isString },
  venue: { is_reached: isBoolean },
  move: { place: isString, within_ms: isCount },
  packet_time: { ptime_ms: isPacketMs, ssrc: isCount, from_timestamp: isCount },
  status: {
    units: listOf(UNIT_STATUS),
    listeners: isCount,
    sharing: isBoolean,
    lifted: isStrings,
    alarms: listOf(ALARM),
    checks: listOf(CHECK_RESULT),
    in_hall: isCount,
    shares: fields(SHARES),
    longest_wait_ms: isCount,
    can_record: isBoolean,
    waiting: listOf({ unit: isString, name: orNull(isString) }),
  },
  // Between a unit and its hub; no page gets them.
  challenge: {
    site_key: isString,
    nonce: isString,
    certificate: orNull(isString),
    signature: isString,
  },
  unpaired: {},
  pair_by_code: { share: isString },
  pair_confirm: { confirmation: isString },
  pair_by_press: {},
  update_offer: { version: isString, size_bytes: isCount, sha256: isString, path: isString },
};

/** Reads one text message of the hub; throws `BadMessage`. */
export function parseHubMessage(text: string): HubMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new BadMessage("not JSON");
  }
  if (!isOneOf(message, MESSAGES)) {
    throw new BadMessage(`not a message of the hub: ${text.slice(0, 100)}`);
  }
  return message as HubMessage;
}

function isOneOf(value: unknown, kinds: Record<string, Fields>): boolean {
  if (typeof value !== "object" || value === null) return false;
  const type = (value as { type?: unknown }).type;
  const fields = typeof type === "string" && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  return fields !== undefined && hasFields(value, fields);
}

function hasFields(value: unknown, fields: Fields): boolean {
  if (typeof value !== "object" || value === null) return false;
  const record = value as Record<string, unknown>;
  return Object.entries(fields).every(([key, check]) => check(record[key]));
}
