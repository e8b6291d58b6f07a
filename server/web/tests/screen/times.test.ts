import { describe, expect, test } from "vitest";
import { beginning, clockWords, turnTime, utcNow } from "../../src/screen/times.ts";

const CLOCK = { roomClock: 48_000_000, utcMs: 5_000_000, atMs: 1000 };
const SECOND = 48_000;

describe("a speaker's time", () => {
  test.each([
    [0, { leftS: 60, isSoon: false, isOver: false }],
    [47, { leftS: 13, isSoon: false, isOver: false }],
    [48, { leftS: 12, isSoon: true, isOver: false }],
    [60, { leftS: 0, isSoon: true, isOver: true }],
    [75, { leftS: -15, isSoon: true, isOver: true }],
  ])("after %i s", (spentS, time) => {
    const since = CLOCK.roomClock - spentS * SECOND;
    expect(turnTime(since, 60, CLOCK, 1000)).toEqual(time);
  });

  test("goes on by the page's clock between two times that the hub tells", () => {
    expect(turnTime(CLOCK.roomClock, 60, CLOCK, 11_000)?.leftS).toBe(50);
  });

  test("is whole when the turn begins after the clock that is known", () => {
    expect(turnTime(CLOCK.roomClock + SECOND, 60, CLOCK, 1000)?.leftS).toBe(60);
  });

  test("is not shown without a timer or a clock", () => {
    expect(turnTime(0, null, CLOCK, 1000)).toBeNull();
    expect(turnTime(0, 60, null, 1000)).toBeNull();
  });
});

test.each([
  [60, "1:00"],
  [59.2, "1:00"],
  [0.1, "0:01"],
  [0, "0:00"],
  [-0.9, "0:00"],
  [-7.5, "+0:07"],
  [-75, "+1:15"],
  [3600, "1:00:00"],
  [18_005, "5:00:05"],
])("%f s are %s", (seconds, words) => {
  expect(clockWords(seconds)).toBe(words);
});

describe("the beginning", () => {
  const NOW = Date.UTC(2027, 0, 15, 12);

  test("is counted down on the day", () => {
    expect(beginning(NOW + 90_000, NOW, "fr")).toEqual({ countdown: "1:30" });
    expect(beginning(NOW + 23 * 3_600_000, NOW, "fr")).toEqual({ countdown: "23:00:00" });
  });

  test("is a date before, in the hall's language", () => {
    const far = (language: string) => beginning(NOW + 72 * 3_600_000, NOW, language);
    expect(far("fr")).toEqual({ when: expect.stringContaining("janvier") });
    expect(far("en")).toEqual({ when: expect.stringContaining("January") });
  });

  test("is nothing when nobody said, or when it is past", () => {
    expect(beginning(null, NOW, "en")).toBeNull();
    expect(beginning(NOW, NOW, "en")).toBeNull();
  });
});

test("the date is the hub's, as soon as it is known", () => {
  expect(utcNow(CLOCK, 3000)).toBe(5_002_000);
  expect(utcNow(null, 3000)).toBe(3000);
});
