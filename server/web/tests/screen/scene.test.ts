import { describe, expect, test } from "vitest";
import { Heard, nextOf, sceneOf, sizeOf, sourcesOf, stageOf } from "../../src/screen/scene.ts";
import { handOf, roomWith, turnOf } from "../rooms.ts";

const NOBODY: ReadonlySet<number> = new Set();
const EMPTY = stageOf(roomWith(), NOBODY);
const live = { state: "live", unit: "u2", unit_name: "Table 2", ssrc: 2 } as const;
const far = { speaks: true, state: "live", unit: "a-mic", ssrc: 3 } as const;
const ask = { number: 1, question: "Encore ?", at: 0 };
const tally = { question: "Encore ?", yes_hall: 1, yes_far: 2, asked: 4 };

describe("the stage", () => {
  test("has the speaker with the table that carries the voice", () => {
    const { speakers } = stageOf(roomWith({ floor: [turnOf("a", live)] }), NOBODY);
    expect(speakers).toEqual([{ key: "a", name: "Zoé", place: "Table 2", ssrc: 2, how: "live" }]);
  });

  test("does not say a table twice", () => {
    const turn = turnOf("u2", { ...live, name: "Table 2", surface: "unit" });
    expect(stageOf(roomWith({ floor: [turn] }), NOBODY).speakers[0]?.place).toBeNull();
  });

  test.each([
    [{ ...live, away: true }, "away"],
    [far, "far"],
    [{ ...far, muted: "hidden" }, "muted"],
    [{ ...far, muted: "self", away: true }, "away"],
    [{ speaks: true }, "far_soon"],
    [{ speaks: true, in_hall: true, place: "u2", place_name: "Table 2" }, "granted"],
    [{ ...live, written: true, text: "?" }, "read"],
    [{ written: true, text: "?" }, "read"],
    [{ place: "u2", place_name: "Table 2" }, "granted"],
    [{ surface: "unit", place: "u2", place_name: "Table 2" }, "waits"],
  ] as const)("tells how somebody has the floor: %j", (change, how) => {
    const { speakers } = stageOf(roomWith({ floor: [turnOf("a", change)] }), NOBODY);
    expect(speakers[0]?.how).toBe(how);
  });

  test("shows those who speak before those who are on their way", () => {
    const floor = [turnOf("a"), turnOf("b", live)];
    const { speakers } = stageOf(roomWith({ floor }), NOBODY);
    expect(speakers.map(({ key }) => key)).toEqual(["b", "a"]);
  });

  test("counts those for whom it has no place", () => {
    const floor = ["a", "b", "c", "d", "e"].map((id) => turnOf(id, live));
    const stage = stageOf(roomWith({ floor }), NOBODY);
    expect([stage.speakers.length, stage.more]).toEqual([3, 2]);
  });

  test("leaves written words alone with who wrote them, unnamed if asked", () => {
    const unnamed = turnOf("b", { text: "Qui ?", written: true, anonymous: true, name: "–" });
    const stage = stageOf(roomWith({ floor: [turnOf("a", live), unnamed] }), NOBODY);
    expect(stage).toMatchObject({ text: "Qui ?", more: 1, speakers: [{ key: "b", name: null }] });
  });

  test("times who speaks, not a question that is read or somebody on the way", () => {
    const read = turnOf("a", { ...live, written: true, text: "?" });
    const floor = [read, turnOf("b"), turnOf("c", live)];
    expect(stageOf(roomWith({ floor }), NOBODY).timed?.participant).toBe("c");
    expect(stageOf(roomWith({ floor: [read] }), NOBODY).timed).toBeNull();
  });

  test("shows an open microphone only while it is heard", () => {
    const view = roomWith({ microphones: [{ unit: "u9", name: "Desk", ssrc: 9 }] });
    expect(stageOf(view, NOBODY).speakers).toEqual([]);
    expect(stageOf(view, new Set([9])).speakers[0]?.name).toBe("Desk");
  });
});

describe("the scene", () => {
  test.each([
    [roomWith({ phase: "scheduled" }), "soon"],
    [roomWith({ phase: "backstage", silenced: true }), "soon"],
    [roomWith({ phase: "ended", ask }), "over"],
    [roomWith({ silenced: true, ask }), "silence"],
    [roomWith({ ask, floor: [turnOf("a", live)] }), "ask"],
    [roomWith({ tally }), "tally"],
    [roomWith(), "free"],
    [roomWith({ floor: [turnOf("a")] }), "stage"],
  ])("%#: is the strongest that applies", (view, scene) => {
    expect(sceneOf(view, stageOf(view, NOBODY), true)).toBe(scene);
  });

  test("waits without a room, and forgets an old count", () => {
    expect(sceneOf(null, EMPTY, false)).toBe("waiting");
    expect(sceneOf(roomWith({ tally }), EMPTY, false)).toBe("free");
  });
});

test("the first two of the line are next, all are counted", () => {
  const next = nextOf(roomWith({ line: ["a", "b", "c"].map((id) => handOf(id)) }));
  expect(next.hands.map(({ participant }) => participant)).toEqual(["a", "b"]);
  expect(next.count).toBe(3);
});

test("a breath is no end: who was heard stays for three seconds", () => {
  const heard = new Heard();
  heard.note(
    [
      { ssrc: 12, level_dbov: -20 },
      { ssrc: 3, level_dbov: -10 },
      { ssrc: 4, level_dbov: -90 },
    ],
    1000,
  );
  expect(heard.now(3900)).toBe("3 12");
  heard.note([{ ssrc: 3, level_dbov: -20 }], 3900);
  expect(heard.now(5000)).toBe("3");
  expect(sourcesOf("3 12")).toEqual(new Set([3, 12]));
  expect(sourcesOf("")).toEqual(new Set());
});

test("long texts get smaller type, counted as people count", () => {
  expect(sizeOf("Zoé", 14, 24)).toBe("is-short");
  expect(sizeOf("🦊".repeat(20), 14, 24)).toBe("is-mid");
  expect(sizeOf("x".repeat(25), 14, 24)).toBe("is-long");
});
