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

const HAND: Fields = {
  participant: isString,
  name: isString,
  surface: oneOf("unit", "phone"),
};
const MICROPHONE: Fields = { unit: isString, name: isString, ssrc: isCount };
const TURN: Fields = {
  ...HAND,
  state: oneOf("granted", "live"),
  unit: orNull(isString),
  unit_name: orNull(isString),
  ssrc: orNull(isCount),
};
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
const UNIT_STATUS: Fields = {
  unit: isString,
  name: isString,
  connected: isBoolean,
  on_air: isBoolean,
  level_dbfs: orNull(isNumber),
  zone: orNull(isString),
  source: orNull((value) => hasFields(value, SOURCE_STATUS)),
  output: orNull((value) => hasFields(value, OUTPUT_STATUS)),
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
};
const EVENTS: Record<string, Fields> = {
  hand_raised: { hand: (value) => hasFields(value, HAND) },
  hand_lowered: { participant: isString },
  floor_granted: { participant: isString },
  floor_taken: {
    participant: isString,
    unit: isString,
    unit_name: orNull(isString),
    ssrc: isCount,
  },
  floor_released: { participant: isString },
  microphone_opened: { microphone: (value) => hasFields(value, MICROPHONE) },
  microphone_closed: { unit: isString },
};
const MESSAGES: Record<string, Fields> = {
  welcome: {
    participant: isString,
    resume: isString,
    edge: orNull(isString),
    reconnect_spread_ms: isCount,
  },
  snapshot: { view: (value) => hasFields(value, VIEW) },
  change: { seq: isCount, room_clock: isCount, event: (value) => isOneOf(value, EVENTS) },
  time: { room_clock: isCount, hub_ns: isNumber, utc_ms: isCount },
  ack: { id: isString, refused: orNull(isString), text: isString, figure_ms: orNull(isNumber) },
  failure: { code: isCount, text: isString },
  status: {
    units: listOf(UNIT_STATUS),
    listeners: isCount,
    sharing: isBoolean,
    lifted: (value) => Array.isArray(value) && value.every(isString),
    alarms: listOf(ALARM),
    checks: listOf(CHECK_RESULT),
  },
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
