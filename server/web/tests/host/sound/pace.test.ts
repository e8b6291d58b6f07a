import { expect, test } from "vitest";
import { Pace } from "../../../src/host/sound/pace.ts";
import { FakeTimers } from "../../timers.ts";

function start() {
  const timers = new FakeTimers();
  const pace = new Pace(timers);
  const sent: [string, number][] = [];
  const slide = (key: string, value: number) =>
    pace.offer(key, () => sent.push([`${key} ${value}`, timers.nowMs()]));
  return { timers, pace, sent, slide };
}

test("the first word goes at once, the last one always, and five a second between them", () => {
  const { timers, sent, slide } = start();
  for (let step = 0; step < 100; step++) {
    slide("gain", step);
    timers.pass(20);
  }
  timers.pass(1000);
  expect(sent[0]).toEqual(["gain 0", 1000]);
  expect(sent.at(-1)?.[0]).toBe("gain 99");
  expect(sent.length).toBeLessThanOrEqual(11); // two seconds
  expect(sent.length).toBeGreaterThanOrEqual(10);
  const gaps = sent.slice(1).map(([, at], i) => at - (sent[i]?.[1] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(200);
});

test("several sliders share the pace, and each one's last word is said", () => {
  const { timers, sent, slide } = start();
  for (const value of [1, 2, 3]) for (const key of ["a", "b", "c"]) slide(key, value);
  timers.pass(2000);
  expect(sent.map(([word]) => word)).toEqual(["a 1", "b 3", "c 3", "a 3"]);
  expect(sent.map(([, at]) => at)).toEqual([1000, 1200, 1400, 1600]);
});

test("a press does not wait, and what it replaces is not said after it", () => {
  const { timers, pace, sent, slide } = start();
  slide("a", 1);
  slide("a", 2);
  pace.hurry("a", () => sent.push(["press", timers.nowMs()]));
  timers.pass(2000);
  expect(sent).toEqual([
    ["a 1", 1000],
    ["press", 1000],
  ]);
});
