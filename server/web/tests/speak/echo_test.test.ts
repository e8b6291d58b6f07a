import { describe, expect, test } from "vitest";
import { ECHO_TEST_MS, echoReturnDb, echoSignal } from "../../src/speak/echo_test.ts";

const LENGTH = (ECHO_TEST_MS / 1000) * 48_000;

function noise(level: number): Float32Array {
  let state = 7;
  return Float32Array.from({ length: LENGTH }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state / 2 ** 31) * level;
  });
}

/** What a microphone hears of the signal, at these delays and gains, in this much noise. */
function room(echoes: readonly [delayMs: number, gainDb: number][], noiseLevel = 0.001) {
  const heard = noise(noiseLevel);
  const played = echoSignal(48_000);
  for (const [delayMs, gainDb] of echoes) {
    const gain = 10 ** (gainDb / 20);
    played.forEach((sample, i) => {
      const at = i + Math.round(delayMs * 48);
      if (at < heard.length) heard[at] = (heard[at] as number) + gain * sample;
    });
  }
  return heard;
}

describe("the echo test", () => {
  test.each([
    [0, 30],
    [-12, 120],
    [-24, 250],
    [-30, 380],
  ])("an echo of %i dB after %i ms is measured", (gainDb, delayMs) => {
    const found = echoReturnDb(room([[delayMs, gainDb]]));
    expect(Math.abs(found - gainDb)).toBeLessThan(2.5);
  });

  test("reflections count together", () => {
    const found = echoReturnDb(
      room([
        [50, -20],
        [55, -20],
      ]),
    );
    expect(found).toBeGreaterThan(-19);
    expect(found).toBeLessThan(-14);
  });

  test("headphones are quiet, also in a loud room", () => {
    expect(echoReturnDb(room([]))).toBeLessThan(-45);
    expect(echoReturnDb(room([], 0.1))).toBeLessThan(-28);
  });

  test("a microphone that gave nothing is no echo", () => {
    expect(echoReturnDb(new Float32Array(LENGTH))).toBeLessThan(-100);
    expect(echoReturnDb(new Float32Array(0))).toBeLessThan(-100);
  });
});
