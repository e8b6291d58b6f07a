import { beforeAll, describe, expect, test } from "vitest";
import { turnWords } from "../../src/host/floor/words.ts";
import { countedTitle, NewHands } from "../../src/host/line/news.ts";
import { fromWords, marks, overtakenWords } from "../../src/host/line/words.ts";
import { undoWords } from "../../src/host/undo.ts";
import { HOST_WORDS } from "../../src/i18n/host_words.ts";
import { learnWords, type Say, say as sayIn } from "../../src/i18n/words.ts";
import type { Hand } from "../../src/wire/messages.ts";
import { handOf, roomWith, turnOf } from "../rooms.ts";

const say: Say = (key, values) => sayIn("en", key, values);

beforeAll(() => learnWords(HOST_WORDS));

describe("new hands", () => {
  test("those who were up when the page came ring for nobody", () => {
    expect(new NewHands().look([handOf("a")])).toEqual([]);
  });

  test("each is new once, wherever it stands", () => {
    const known = new NewHands();
    known.look([handOf("a")]);
    expect(known.look([handOf("b"), handOf("a")]).map((hand) => hand.participant)).toEqual(["b"]);
    expect(known.look([handOf("a"), handOf("b")])).toEqual([]);
  });

  test("a hand that was lowered and raised again is new; one that came back from a turn is not", () => {
    const known = new NewHands();
    known.look([handOf("a", { raised_at: 5 })]);
    expect(known.look([handOf("a", { raised_at: 9 })])).toHaveLength(1);
    expect(known.look([handOf("a", { raised_at: 9, passed: 1 })])).toEqual([]);
  });

  test("the tab counts them", () => {
    expect(countedTitle(0, "Evening")).toBe("Evening");
    expect(countedTitle(3, "Evening")).toBe("(3) Evening");
  });
});

describe("a hand's words", () => {
  test("name the rule by which another one went first", () => {
    expect(overtakenWords(say, handOf("a"))).toBe("");
    expect(overtakenWords(say, handOf("a", { overtaken_by: "reply" }))).toContain("right of reply");
  });

  test("pass over a rule of a later hub", () => {
    const hand = { ...handOf("a"), overtaken_by: "lottery" } as unknown as Hand;
    expect(overtakenWords(say, hand)).toBe("");
  });

  test.each([
    [{ surface: "unit", name: "Table 4", unit: "u4", unit_name: "Table 4" }, "in the hall"],
    [{ surface: "phone", unit: "u4", unit_name: "Table 4" }, "Table 4"],
    [{ surface: "phone", in_hall: true }, "in the hall"],
    [{ surface: "phone" }, "on the phone"],
  ] as const)("%j comes from: %s", (change, words) => {
    expect(fromWords(say, handOf("a", change))).toBe(words);
  });

  test("every mark that it bears, and no other", () => {
    expect(marks(say, handOf("a"))).toEqual([]);
    const all = { reply: true, written: true, anonymous: true, passed: 2 };
    expect(marks(say, handOf("a", all))).toEqual([
      "reply",
      "written",
      "anonymous to the room",
      "missed the floor 2×",
    ]);
  });
});

const FAR = { speaks: true, state: "live", unit: "a-mic", ssrc: 7 } as const;

describe("a turn's words", () => {
  test.each([
    [{ state: "live", unit: "a", unit_name: "Table 1" }, "live"],
    [{ state: "live", unit: "u1", unit_name: "Table 1" }, "live at Table 1"],
    [{ state: "live", away: true }, "reconnecting"],
    [{ surface: "unit" }, "waiting for the press"],
    [{ surface: "unit", reminded: true }, "chime"],
    [{ surface: "phone", place: "u1", place_name: "Table 1" }, "on the way to Table 1"],
    [{ surface: "phone" }, "on the way to a table"],
    [{ speaks: true }, "far away: opening their microphone"],
    [{ ...FAR }, "live from far away"],
    [{ ...FAR, muted: "self" }, "muted by themselves"],
    [{ ...FAR, muted: "hidden" }, "in the background"],
    [{ ...FAR, muted: "device" }, "took the microphone"],
    [{ ...FAR, muted: "self", away: true }, "reconnecting"],
    [{ ...FAR, unit: "u1", unit_name: "Table 1" }, "live at Table 1"],
    [{ speaks: true, in_hall: true }, "on the way to a table"],
    [{ written: true }, "read it out"],
    [{ written: true, state: "live" }, "the hub reads"],
  ] as const)("%j is: %s", (change, words) => {
    expect(turnWords(say, roomWith(), turnOf("a", change))).toContain(words);
  });

  test("say that the silence is on, but for hosts and their units", () => {
    const hosts = [{ participant: "h", name: null, rank: "host" as const }];
    const view = roomWith({ silenced: true, hosts, host_units: ["u2"] });
    const live = (participant: string, unit: string) =>
      turnWords(say, view, turnOf(participant, { state: "live", unit }));
    expect(live("u1", "u1")).toContain("silence");
    expect(live("h", "u1")).toBe("live");
    expect(live("u2", "u2")).toBe("live");
  });
});

test("what is undone is named, also an act of a later hub", () => {
  expect(undoWords("next")).toBe("undo.next");
  expect(undoWords("constructor")).toBe("undo.last");
});
