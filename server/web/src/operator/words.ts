/** The hub's codes, in words that say what to do. What a later hub calls otherwise is told as it says it. */

import type { Say, WordKey } from "../i18n/words.ts";
import type { Typed } from "../ui/typed_code.ts";
import type { PairedUnit, WaitingUnit } from "./answers.ts";
import type { Fault } from "./api.ts";
import { type News, refusalOf, stepOf } from "./pairing.ts";
import { spelled } from "./setup_code.ts";

type Table = Readonly<Record<string, WordKey>>;

const FAULTS: Table = {
  unreachable: "fault.unreachable",
  rate: "fault.rate",
  plain: "fault.plain",
  no_password: "fault.no_password",
  password: "fault.password_bad",
  not_found: "fault.gone",
  paused: "fault.paused",
  has_code: "fault.has_code",
  busy: "fault.busy",
  too_many: "fault.too_many",
};

/** `bare`: what a secret that is not taken means here. */
export function faultWords(say: Say, fault: Fault, bare?: WordKey): string {
  if (fault.code === "unauthorised" && bare !== undefined) return say(bare);
  const known = FAULTS[fault.code];
  if (known !== undefined) return say(known);
  return fault.text === "" ? say("fault.unknown") : say("fault.other", { text: fault.text });
}

export function codeFaultWords(say: Say, typed: Exclude<Typed, { code: string }>): string {
  switch (typed.fault) {
    case "empty":
      return say("code.empty");
    case "length":
      return say("code.length", { count: typed.count });
    case "look_alike":
      return say("code.look_alike", { sign: typed.sign, ...typed.likely });
    case "stray":
      return say("code.stray", { sign: typed.sign });
  }
}

/** `parvis_wire.pairing.PairRefusal`. */
const REFUSALS: Table = {
  no_code: "refusal.no_code",
  wrong_code: "refusal.wrong_code",
  paused: "refusal.paused",
  has_code: "refusal.has_code",
  not_pressed: "refusal.not_pressed",
  other_site: "refusal.other_site",
};

function refusalWords(say: Say, why: string): string {
  return say(REFUSALS[why] ?? "refusal.other", { why });
}

/** How far it has come with this unit. */
export function stateWords(say: Say, unit: WaitingUnit): string {
  switch (stepOf(unit)) {
    case "asked":
      return say("waiting.state_asked");
    case "press":
      return say(unit.firstUse ? "waiting.state_hold" : "waiting.state_press");
    case "wrong_code":
      return say("waiting.wrong_code");
    case "refused":
      return refusalWords(say, refusalOf(unit) ?? "");
    case "waiting":
      return say("waiting.state_waiting");
  }
}

const NEWS: Readonly<Record<News["what"], WordKey>> = {
  came: "news.came",
  press: "news.press",
  wrong_code: "news.wrong_code",
  refused: "news.refused",
  paired: "news.paired",
  left: "news.left",
  gone: "news.gone",
};

export function newsWords(say: Say, { what, name, why }: News): string {
  return say(NEWS[what], { name, why: what === "refused" ? refusalWords(say, why) : "" });
}

/** A unit's name, or its key where it has none. */
export function unitName({ name, unit }: Pick<PairedUnit, "name" | "unit">): string {
  return name ?? spelled(unit);
}

const HOW: Table = { code: "paired.code", press: "paired.press", operator: "paired.operator" };

export function howWords(say: Say, how: string): string {
  const known = HOW[how];
  return known === undefined ? how : say(known);
}

/** What the hub misses; what it calls otherwise is told as it is. */
const MISSING: Table = {
  https: "missing.https",
  certificate: "missing.certificate",
  certificate_soon: "missing.certificate_soon",
  certificate_expired: "missing.certificate_expired",
  mdns: "missing.mdns",
  password: "missing.password",
  claim: "missing.claim",
};

export function missingWords(say: Say, code: string): string {
  return say(MISSING[code] ?? "missing.other", { code });
}

/** `parvis_server.trust.audit.Deed`. */
const DEEDS: Table = {
  claimed: "record.claimed",
  setup_link: "record.setup_link",
  signed_in: "record.signed_in",
  password_set: "record.password_set",
  session_revoked: "record.session_revoked",
  plain_host_on: "record.plain_host_on",
  plain_host_off: "record.plain_host_off",
  unit_waits: "record.unit_waits",
  unit_asked: "record.unit_asked",
  unit_identified: "record.unit_identified",
  unit_paired: "record.unit_paired",
  unit_refused: "record.unit_refused",
  unit_renamed: "record.unit_renamed",
  unit_revoked: "record.unit_revoked",
  unit_cloned: "record.unit_cloned",
  refused: "record.refused",
};

export function deedWords(say: Say, deed: string): string {
  const known = DEEDS[deed];
  return known === undefined ? deed : say(known);
}
