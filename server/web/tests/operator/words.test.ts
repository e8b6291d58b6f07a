import { beforeAll, describe, expect, test } from "vitest";
import SCHEMA from "../../../parvis_wire/messages.schema.json";
import en from "../../src/i18n/operator.en.json";
import { OPERATOR_WORDS } from "../../src/i18n/operator_words.ts";
import { UPDATE_WORDS } from "../../src/i18n/update_words.ts";
import { learnWords, type Say, say as sayIn } from "../../src/i18n/words.ts";
import { readHouse, readUnits, type WaitingUnit } from "../../src/operator/answers.ts";
import { claimFault } from "../../src/operator/door.tsx";
import { KeyRing, takeSetupSecret } from "../../src/operator/key.ts";
import { encryptedAddress } from "../../src/operator/page.tsx";
import { whereWords } from "../../src/operator/paired.tsx";
import { sessionWords } from "../../src/operator/sessions.tsx";
import { agoWords, date, moment } from "../../src/operator/times.ts";
import {
  codeFaultWords,
  deedWords,
  faultWords,
  howWords,
  missingWords,
  newsWords,
  stateWords,
  unitName,
} from "../../src/operator/words.ts";
import { isUpdateTrouble, isUpdateUnderWay, updateWords } from "../../src/updates/words.ts";
import { pairedUnit, waitingUnit } from "./hub.ts";

const say: Say = (key, values) => sayIn("en", key, values);
beforeAll(() => {
  learnWords(OPERATOR_WORDS);
  learnWords(UPDATE_WORDS);
});

const unit = (more: object): WaitingUnit =>
  readUnits({ waiting: [waitingUnit(more)], paired: [] })?.waiting[0] as WaitingUnit;

describe("why not", () => {
  const fault = (code: string, text = "") => ({ status: 409, code, text });

  test("a secret that is not taken means what was asked for", () => {
    expect(faultWords(say, fault("unauthorised"), "fault.link")).toBe(en["fault.link"]);
    expect(faultWords(say, fault("unauthorised"), "fault.password")).toBe(en["fault.password"]);
  });

  test.each([
    "rate",
    "plain",
    "no_password",
    "paused",
    "has_code",
    "busy",
    "not_found",
    "too_many",
  ])("%s has words of its own", (code) =>
    expect(faultWords(say, fault(code, "text of the hub"))).not.toContain("text"),
  );

  test("what is not known is told as the hub says it", () => {
    expect(faultWords(say, fault("later", "not at night"))).toContain("not at night");
    expect(faultWords(say, fault("later"))).toBe(en["fault.unknown"]);
    expect(faultWords(say, { status: 0, code: "unreachable", text: "" })).toBe(
      en["fault.unreachable"],
    );
  });

  test("of a code that was typed", () => {
    expect(codeFaultWords(say, { fault: "empty" })).toBe(en["code.empty"]);
    expect(codeFaultWords(say, { fault: "length", count: 7 })).toContain("7");
    expect(codeFaultWords(say, { fault: "stray", sign: "É" })).toContain("É");
    const likely = { one: "Q", two: "D", three: "8" };
    expect(codeFaultWords(say, { fault: "look_alike", sign: "O", likely })).toContain("Q, D or 8");
  });

  test.each(["no_code", "wrong_code", "paused", "has_code", "not_pressed", "other_site"])(
    "a unit refuses: %s",
    (why) => expect(stateWords(say, unit({ state: `refused:${why}` }))).not.toContain(why),
  );

  test("a refusal of a later unit is named", () => {
    expect(stateWords(say, unit({ state: "refused:moon" }))).toContain("moon");
  });
});

test("each step says what to do", () => {
  expect(stateWords(say, unit({ state: "press" }))).toContain("press the button");
  expect(stateWords(say, unit({ state: "press", first_use: true }))).toContain("three seconds");
  expect(stateWords(say, unit({ state: "wrong_code" }))).toContain("not the code");
  expect(newsWords(say, { what: "refused", name: "T", why: "paused" })).toContain("ten minutes");
  expect(newsWords(say, { what: "came", name: "T", why: "" })).toBe("T wants to join.");
});

test("codes that this page does not know are told as they are", () => {
  expect(missingWords(say, "https")).toContain("--tls-port");
  expect(missingWords(say, "moon")).toContain("moon");
  expect(deedWords(say, "unit_paired")).toBe(en["record.unit_paired"]);
  expect(deedWords(say, "moon")).toBe("moon");
  expect(howWords(say, "press")).toBe(en["paired.press"]);
  expect(howWords(say, "moon")).toBe("moon");
  expect(unitName({ name: null, unit: "abcdefghij234567" })).toBe("abcd efgh ij23 4567");
});

test("a paired unit is somewhere", () => {
  const where = (more: object) => {
    const read = readUnits({ waiting: [], paired: [pairedUnit(more)] });
    return whereWords(say, "en", read?.paired[0] as never, 3_000 + 7_200_000);
  };
  expect(where({})).toBe("here, in main");
  expect(where({ room: null })).toBe("here");
  expect(where({ here: false })).toBe("away, seen 2 hours ago");
  expect(where({ here: false, last_seen_utc_ms: null })).toBe("away");
});

test("a session says when and whence", () => {
  const session = {
    id: "1",
    name: "Ada",
    current: false,
    address: "192.0.2.7",
    createdUtcMs: null,
    lastSeenUtcMs: 0,
    expiresUtcMs: null,
  };
  expect(sessionWords(say, "en", session, 30_000)).toBe("last used just now · from 192.0.2.7");
  expect(sessionWords(say, "en", session, 600_000)).toContain("10 minutes ago");
});

test("times are those of the language", () => {
  const noon = Date.UTC(2026, 10, 23, 12, 5);
  expect(moment(noon, noon, "fr", "UTC")).toBe("12:05");
  expect(moment(noon, noon + 86_400_000, "en-GB", "UTC")).toContain("23 Nov");
  expect(date(noon, "en", "UTC")).toBe("November 23, 2026");
  expect([agoWords(59_000, "en"), agoWords(60_000, "en")]).toEqual([null, "1 minute ago"]);
  expect(agoWords(72 * 3_600_000, "fr")).toBe("il y a 3 jours");
});

test("a claim needs a name, and a password of ten signs or none", () => {
  expect(claimFault(" ", "")).toBe("claim.name_missing");
  expect(claimFault("Ada", "")).toBeNull();
  expect(claimFault("Ada", "123456789")).toBe("fault.password_bad");
  expect(claimFault("Ada", "1234567890")).toBeNull();
});

test("the encrypted page is at the same name", () => {
  const house = (listeners: object[]) => readHouse({ claimed: true, listeners }) as never;
  expect(encryptedAddress(house([{ scheme: "http", port: 80 }]), "h.local")).toBeNull();
  expect(encryptedAddress(house([{ scheme: "https", port: 8443 }]), "h.local")).toBe(
    "https://h.local:8443/operator",
  );
});

describe("the keys", () => {
  test("the setup secret leaves the address at once", () => {
    const shown: string[] = [];
    const history = { replaceState: (_: unknown, __: string, url: string) => shown.push(url) };
    const at = (hash: string) => ({ hash, pathname: "/operator", search: "" });
    expect(takeSetupSecret(at("#setup=s3cret"), history as never)).toBe("s3cret");
    expect(shown).toEqual(["/operator"]);
    expect(takeSetupSecret(at("#setup="), history as never)).toBeNull();
    expect(takeSetupSecret(at(""), history as never)).toBeNull();
    expect(shown).toHaveLength(1);
  });

  test("a browser that keeps nothing is no fault", () => {
    const deaf = () => {
      throw new Error("not allowed");
    };
    for (const storage of [null, { getItem: deaf, setItem: deaf, removeItem: deaf }]) {
      const keys = new KeyRing(storage);
      keys.token = "t";
      keys.token = null;
      expect([keys.token, keys.name]).toEqual([null, ""]);
    }
  });
});

describe("what becomes of a unit's program", () => {
  const updated = (update: object | null) =>
    readUnits({ waiting: [], paired: [pairedUnit({ version: "1.2.0", update })] })?.paired[0];
  const words = (update: object) => {
    const read = updated(update)?.update;
    return read === null || read === undefined ? null : updateWords(say, read);
  };

  test("the version is read, and nothing where there is none", () => {
    expect(updated(null)).toMatchObject({ version: "1.2.0", update: null });
    expect(readUnits({ waiting: [], paired: [pairedUnit()] })?.paired[0]).toMatchObject({
      version: null,
      update: null,
    });
    expect(updated({ step: 3 })?.update).toBeNull();
  });

  test("how far it is", () => {
    const fetching = { step: "fetching", version: "1.3.0", percent: 62, fault: null };
    expect(words(fetching)).toBe("1.3.0 is being fetched: 62 %");
    expect(words({ step: "new", version: "1.3.0" })).toBe("");
    const underWay = (step: string) => isUpdateUnderWay({ step, version: "1.3.0" });
    expect(["fetching", "trying"].map(underWay)).toEqual([true, true]);
    expect(["done", "undone", "refused", "new"].map(underWay)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  test("why it was taken back", () => {
    const undone = { step: "undone", version: "1.3.0", percent: null, fault: "silent" };
    expect(words(undone)).toContain("1.3.0 was tried and taken back: no sound flowed");
    const read = updated(undone)?.update;
    expect(read && isUpdateTrouble(read)).toBe(true);
    expect(words({ ...undone, fault: "what a later unit says" })).toBe(
      "1.3.0 was tried and taken back",
    );
  });

  test("every step and fault that a unit says has its words", () => {
    const steps = SCHEMA.$defs.UpdateStep.enum;
    for (const step of steps) expect(words({ step, version: "1.3.0" })).not.toBe("");
    for (const fault of SCHEMA.$defs.UpdateFault.enum) {
      expect(words({ step: "refused", version: "1.3.0", fault })).toMatch(/installed: ./);
    }
  });
});
