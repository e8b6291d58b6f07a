import { describe, expect, test } from "vitest";
import { type Chapter, playable, readIndex } from "../../src/replay/index.ts";
import { heights, path } from "../../src/replay/outline.ts";
import {
  BACK_AGAIN_MS,
  chapterAt,
  clock,
  daysLeft,
  inside,
  isToPlay,
  linkTo,
  momentOf,
  nextBegin,
  previousBegin,
} from "../../src/replay/timeline.ts";
import { chapters, index } from "./recordings.ts";

describe("chapters around a moment", () => {
  test.each([
    [0, null],
    [1000, 0],
    [4999, 0],
    [5000, null],
    [9000, 1],
    [11_000, 2],
    [30_000, null],
  ])("at %d ms it is %j", (at_ms, expected) => {
    expect(chapterAt(chapters, at_ms)).toBe(expected);
  });

  test("skipping forward visits each beginning once, and then stops", () => {
    const visited: number[] = [];
    for (let at = nextBegin(chapters, 0); at !== null; at = nextBegin(chapters, at))
      visited.push(at);
    expect(visited).toEqual([1000, 8000, 10_000]);
  });

  test("skipping back goes to this one's beginning, then to the one before, then to 0", () => {
    expect(previousBegin(chapters, 8000 + BACK_AGAIN_MS + 1)).toBe(8000);
    expect(previousBegin(chapters, 8000 + 100)).toBe(1000);
    expect(previousBegin(chapters, 1000)).toBe(0);
    expect(previousBegin([] as Chapter[], 99_000)).toBe(0);
  });
});

describe("a moment", () => {
  test.each([
    [0, "0:00"],
    [61_999, "1:01"],
    [3_600_000, "1:00:00"],
    [-5, "0:00"],
  ])("of %d ms is %s", (ms, words) => {
    expect(clock(ms)).toBe(words);
  });

  test.each([
    ["#t=75", 75_000],
    ["#t=75.5", 75_500],
    ["#t=1:15", 75_000],
    ["#t=1:02:03", 3_723_000],
    ["#t=", null],
    ["#t=-3", null],
    ["#t=1:75", null],
    ["#t=12345678", null],
    ["#other=3", null],
    ["", null],
  ])("in a link %s is %j", (hash, ms) => {
    expect(momentOf(hash)).toBe(ms);
  });

  test("that is shared is found again, to the second", () => {
    const link = linkTo("https://room.example/replays/main/e1/#t=3", 75_900);
    expect(link).toBe("https://room.example/replays/main/e1/#t=75");
    expect(momentOf(new URL(link).hash)).toBe(75_000);
  });

  test("stays inside the recording", () => {
    expect([inside(-1, 10), inside(5, 10), inside(11, 10)]).toEqual([0, 5, 10]);
  });
});

test("the clock of retention counts whole days down to 0", () => {
  const day = 86_400_000;
  expect([3 * day, day, day - 1, -day].map((left) => daysLeft(left, 0))).toEqual([3, 1, 0, 0]);
});

describe("the outline", () => {
  test("shows the loudest sample of each bar, the loudest bar at full height", () => {
    expect(heights([0, 10, -40, 5, 0, 20, -2, 2], 2)).toEqual([1, 0.5]);
  });

  test.each([0, 1, 7, 500])("of %d columns has as many bars as are asked for", (columns) => {
    const data = Array.from({ length: 2 * columns }, (_, at) => (at % 2 === 0 ? -at : at));
    const bars = heights(data, 120);
    expect(bars).toHaveLength(120);
    expect(bars.every((height) => height >= 0 && height <= 1)).toBe(true);
  });

  test("of silence is a line, not nothing", () => {
    expect(path([0])).toBe("M0.5 0.98V1.02");
  });
});

describe("index.json", () => {
  test("that is ours is read", () => {
    expect(readIndex(JSON.parse(JSON.stringify(index)))).toEqual(index);
  });

  test.each([null, 3, "x", {}, { ...index, version: 2 }, { ...index, chapters: null }])(
    "that is %j is refused",
    (said) => {
      expect(readIndex(said)).toBeNull();
    },
  );

  test("gives the sounds that a browser plays, in their order", () => {
    const oldPhone = (type: string) => (type === "audio/mpeg" ? "maybe" : "");
    expect(playable(index.sounds, oldPhone).map((sound) => sound.url)).toEqual(["mix.mp3"]);
    expect(playable(index.sounds, () => "probably").map((sound) => sound.url)).toEqual([
      "mix.opus",
      "mix.mp3",
    ]);
  });
});

test("a link may say that its tap was for sound", () => {
  expect(isToPlay("#play")).toBe(true);
  expect(isToPlay("#play&t=12")).toBe(true);
  expect([isToPlay(""), isToPlay("#t=12"), isToPlay("#player")]).toEqual([false, false, false]);
});
