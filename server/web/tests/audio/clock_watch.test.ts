import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ClockWatch } from "../../src/audio/clock_watch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const clock = { currentTime: 1, state: "running" };
  const onFrozen = vi.fn();
  const watch = new ClockWatch(onFrozen);
  watch.start(clock);
  return { clock, onFrozen, watch };
}

test("a clock that stands still while it says that it runs is told within half a second, once", () => {
  const { clock, onFrozen } = watched();
  clock.currentTime = 1.5;
  vi.advanceTimersByTime(500);
  expect(onFrozen).not.toHaveBeenCalled();
  vi.advanceTimersByTime(500);
  expect(onFrozen).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(5000);
  expect(onFrozen).toHaveBeenCalledTimes(1);
});

test("a suspended clock may stand still", () => {
  const { clock, onFrozen } = watched();
  clock.state = "suspended";
  vi.advanceTimersByTime(5000);
  expect(onFrozen).not.toHaveBeenCalled();
});

test("nothing is told after stop", () => {
  const { onFrozen, watch } = watched();
  watch.stop();
  vi.advanceTimersByTime(5000);
  expect(onFrozen).not.toHaveBeenCalled();
});
