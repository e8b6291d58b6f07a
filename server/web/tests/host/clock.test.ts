import { beforeAll, describe, expect, test } from "vitest";
import { minutesAndSeconds, roughly, sinceMs } from "../../src/host/clock.ts";
import { turnTime } from "../../src/host/floor/timer.ts";
import { HOST_WORDS } from "../../src/i18n/host_words.ts";
import { learnWords, say } from "../../src/i18n/words.ts";
import { turnOf } from "../rooms.ts";

const CLOCK = { roomClock: 48_000 * 100, atMs: 5000 };

beforeAll(() => learnWords(HOST_WORDS));

describe("the room's clock", () => {
  test("goes on between two words of the hub", () => {
    expect(sinceMs(CLOCK, 48_000 * 90, 5000)).toBe(10_000);
    expect(sinceMs(CLOCK, 48_000 * 90, 7500)).toBe(12_500);
  });

  test("never says that something is still to come", () => {
    expect(sinceMs(CLOCK, 48_000 * 101, 5000)).toBe(0);
  });

  test("says nothing before the hub has told it", () => {
    expect(sinceMs(null, 0, 5000)).toBeNull();
  });

  test.each([
    [0, "0:00"],
    [59_999, "0:59"],
    [125_400, "2:05"],
    [3_600_000, "60:00"],
  ])("%d ms is %s", (ms, words) => {
    expect(minutesAndSeconds(ms)).toBe(words);
  });

  test.each([
    [59_999, "59 s"],
    [60_000, "1 min"],
    [239_000, "3 min"],
  ])("%d ms is about %s", (ms, words) => {
    expect(roughly((key, values) => say("en", key, values), "en", ms)).toBe(words);
  });
});

describe("a speaker's time", () => {
  const live = turnOf("p1", { state: "live", since: 48_000 * 100 });
  const at = (seconds: number, turn_s: number | null = 60) =>
    turnTime(live, turn_s, CLOCK, 5000 + seconds * 1000);

  test.each([
    [47, "running"],
    [48, "soon"],
    [59, "soon"],
    [60, "over"],
    [75, "over"],
  ])("after %d s of 60 it is %s", (seconds, state) => {
    expect(at(seconds)?.state).toBe(state);
  });

  test("what is left falls below zero, the bar does not go beyond its end", () => {
    expect(at(75)).toMatchObject({ leftMs: -15_000, share: 1, elapsedMs: 75_000 });
  });

  test("without a timer it only counts", () => {
    expect(at(75, null)).toMatchObject({ leftMs: null, share: null, state: "free" });
  });

  test("does not run while a grant waits to be taken", () => {
    const granted = turnOf("p1", { since: 48_000 * 100 });
    expect(turnTime(granted, 60, CLOCK, 80_000)?.state).toBe("free");
  });

  test("is not known before the clock is", () => {
    expect(turnTime(live, 60, null, 5000)).toBeNull();
  });
});
