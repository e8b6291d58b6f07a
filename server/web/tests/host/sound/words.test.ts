import { beforeAll, describe, expect, test } from "vitest";
import { decibels, hertz, milliseconds, partsPerMillion } from "../../../src/host/sound/figures.ts";
import {
  alarmWords,
  checkWords,
  keptOut,
  placeOf,
  zoneName,
} from "../../../src/host/sound/words.ts";
import { zonesToLift } from "../../../src/host/sound/zones.tsx";
import { HOST_WORDS } from "../../../src/i18n/host_words.ts";
import { learnWords, type Say, say } from "../../../src/i18n/words.ts";
import type { Alarm, CheckResult, OutputStatus, Status } from "../../../src/wire/messages.ts";
import { SOURCE, STATUS, unit } from "./stage.ts";

const en: Say = (key, values) => say("en", key, values);
const fr: Say = (key, values) => say("fr", key, values);

const OUTPUT: OutputStatus = {
  kind: "loudspeaker",
  playing: true,
  delay_ms: 38,
  buffer_ms: 10,
  underruns: 0,
  turned_down_db: 0,
};
const STAGE: Status = {
  ...STATUS,
  units: [
    unit("u1", { name: "Console", source: { ...SOURCE, kind: "desk" } }),
    unit("u2", { name: "Zoé", zone: null, output: { ...OUTPUT, kind: "return" } }),
    unit("o1", { name: "Stage left", source: null, output: OUTPUT }),
    unit("o2", { name: "Up", zone: "balcony", source: null, output: OUTPUT }),
    unit("o3", {
      name: "Loop",
      zone: "foyer",
      source: null,
      output: { ...OUTPUT, kind: "assistive" },
    }),
  ],
};
const alarm = (kind: Alarm["kind"], change: Partial<Alarm> = {}): Alarm => ({
  kind,
  participant: null,
  zone: null,
  hertz: null,
  value: null,
  ...change,
});

beforeAll(() => learnWords(HOST_WORDS));

describe("alarms", () => {
  const words = (one: Alarm) => alarmWords(en, "en", STAGE, one);

  test("say who howls, what to do, and how far it went", () => {
    const howl = words(alarm("howl", { participant: "o1", hertz: 2341.4, value: -6 }));
    expect(howl?.sentence).toContain("Stage left began to howl");
    expect(howl?.figures).toBe("−6\u00a0dB at 2,341\u00a0Hz");
  });

  test("keep their key and sentence while only the figure changes: it is read aloud once", () => {
    const one = words(alarm("howl", { participant: "o1", value: -3 }));
    const two = words(alarm("howl", { participant: "o1", value: -9 }));
    expect([two?.key, two?.sentence]).toEqual([one?.key, one?.sentence]);
    expect(two?.figures).not.toBe(one?.figures);
    expect(words(alarm("howl", { participant: "o2" }))?.key).not.toBe(one?.key);
  });

  test("name the feed, also when they come by the output that it brings back", () => {
    const result: CheckResult = {
      output: "o1",
      state: "returns",
      desk: "u1",
      gain_db: -12,
      delay_ms: 61.5,
    };
    const stage = { ...STAGE, checks: [result] };
    for (const participant of ["u1", "o1"]) {
      const told = alarmWords(en, "en", stage, alarm("desk_returns", { participant, value: -12 }));
      expect(told?.sentence).toContain("Console brings back");
    }
  });

  test("name the zone that no longer hears itself", () => {
    const ended = alarm("lift_ended", { zone: "hall", value: 47.5 });
    expect(words(ended)?.sentence).toContain("Hall no longer hears itself");
    expect(alarmWords(fr, "fr", STAGE, ended)?.sentence).toContain("Salle ne s’entend plus");
    expect(words(ended)?.figures).toBe("48\u00a0ms");
  });

  test("say that the evening cannot be written down, and what helps", () => {
    const full = alarm("log_fails", { value: 12 });
    expect(words(full)?.sentence).toContain("disk is full or broken");
    expect(alarmWords(fr, "fr", STAGE, full)?.sentence).toContain("libérez de la place");
    expect(words(full)?.figures).toBe("");
  });

  test("of a unit that left have words too, and one of a later hub is passed over", () => {
    expect(words(alarm("clock", { participant: "gone", value: 310 }))?.sentence).toContain(
      "something that left",
    );
    expect(words(alarm("smoke" as Alarm["kind"]))).toBeNull();
  });
});

describe("a sound check", () => {
  const result = (state: CheckResult["state"], change: Partial<CheckResult> = {}): CheckResult => ({
    output: "o1",
    state,
    desk: null,
    gain_db: null,
    delay_ms: null,
    ...change,
  });

  test("warns with the feed, how loud and how late", () => {
    const words = checkWords(
      en,
      "en",
      STAGE,
      result("returns", { desk: "u1", gain_db: -12, delay_ms: 61.5 }),
    );
    expect(words).toContain("Console brings this output back (−12\u00a0dB, 62\u00a0ms later)");
    expect(words).toContain("stays out of the mix until a check comes out clean");
  });

  test.each(["running", "clean", "unheard"] as const)("has words for %s", (state) => {
    expect(checkWords(en, "en", STAGE, result(state))).not.toMatch(/check\.|\{/);
    expect(checkWords(fr, "fr", STAGE, result(state))).not.toMatch(/check\.|\{/);
  });

  test("of a later hub says nothing rather than something wrong", () => {
    expect(checkWords(en, "en", STAGE, result("sung" as CheckResult["state"]))).toBe("");
  });
});

test("zones to lift are those with a loudspeaker, and those that are lifted", () => {
  expect(zonesToLift(STAGE)).toEqual(["balcony", "hall"]);
  expect(zonesToLift({ ...STAGE, units: [], lifted: ["stage"] })).toEqual(["stage"]);
});

test("the zone that nobody named is an ordinary word; a speaker stands in none", () => {
  expect(zoneName(fr, "hall")).toBe("salle");
  expect(zoneName(fr, "balcony")).toBe("balcony");
  expect(placeOf(en, unit("u1"), "microphone")).toBe("microphone · hall");
  expect(placeOf(en, unit("u1", { zone: null }), "far away")).toBe("far away");
});

test("why a source is kept out is said, or nothing", () => {
  expect(keptOut(en, SOURCE)).toBe("");
  expect(keptOut(en, { ...SOURCE, kept_out: "not_wired" })).toContain("wired microphones only");
});

test("figures are written as each language does", () => {
  expect(decibels("en", -3.24)).toBe("−3.2\u00a0dB");
  expect(decibels("fr", 4.25)).toMatch(/^\+4,[23]\u00a0dB$/);
  expect(decibels("en", -0.04)).toBe("0\u00a0dB");
  expect(milliseconds("en", 8.34)).toBe("8.3\u00a0ms");
  expect(milliseconds("en", 21.46)).toBe("21\u00a0ms");
  expect(partsPerMillion("en", -12.4)).toBe("−12\u00a0ppm");
  expect(hertz("en", 812.5)).toMatch(/^81[23]\u00a0Hz$/);
});
