import { describe, expect, test } from "vitest";
import { HostApi } from "../../src/host/api.ts";
import {
  isBusy,
  length,
  type Past,
  readPast,
  type Work,
} from "../../src/host/recording/past_recordings.ts";

const work = (state: Work["state"]): Work => ({ act: "prepare", state, percent: null, why: null });

const past = (now: Work | null): Past => ({
  recording: "20261123T190000Z-1",
  title: "Soirée",
  begun_utc_ms: 0,
  duration_ms: 90_000,
  delete_utc_ms: 0,
  voices: [],
  withdrew: [],
  leaving: 0,
  muted: [],
  is_prepared: false,
  is_heard: false,
  published: null,
  work: now,
});

describe("past recordings", () => {
  test("what is no list is none", () => {
    for (const said of [null, {}, { recordings: 3 }, "no"]) expect(readPast(said)).toBeNull();
    expect(readPast({ recordings: [] })).toEqual({ recordings: [], work: null });
  });

  test("it is busy while something waits or runs, here or in the room", () => {
    const list = (one: Work | null, room: Work | null) =>
      isBusy({ recordings: [past(one)], work: room });
    expect(list(null, null)).toBe(false);
    expect(list(work("done"), work("failed"))).toBe(false);
    expect(list(work("waiting"), null)).toBe(true);
    expect(list(null, work("running"))).toBe(true);
    expect(isBusy(null)).toBe(false);
  });

  test("lengths", () => {
    expect([0, 59_600, 125_000, 5_400_000].map(length)).toEqual([
      "0:00",
      "1:00",
      "2:05",
      "1:30:00",
    ]);
  });

  test("the hub's no is a line for people, its silence is none", async () => {
    const asked: [string, RequestInit][] = [];
    const answers = [
      new Response('{"recording": "r"}'),
      new Response('{"code": "not_heard", "text": "nobody has heard it"}', { status: 409 }),
    ];
    const api = new HostApi("main", "secret", async (path, init) => {
      asked.push([path, init]);
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError("away");
      return answer;
    });
    expect(await api.send("recordings/r/acts", { act: "prepare" })).toEqual({
      said: { recording: "r" },
      refused: null,
    });
    expect((await api.send("recordings/r/acts", {}))?.refused).toBe("nobody has heard it");
    expect(await api.send("recordings/r/acts", {})).toBeNull();
    expect(asked[0]?.[0]).toBe("/api/v1/rooms/main/recordings/r/acts");
    expect(asked[0]?.[1].body).toBe('{"act":"prepare"}');
  });
});
