import { expect, test } from "vitest";
import { quietWav } from "../../src/audio/sinks.ts";

test("the quiet file is 48 kHz, over five seconds, not silent and not to be heard", () => {
  const file = new DataView(quietWav());
  const text = (at: number) =>
    String.fromCharCode(...Array.from({ length: 4 }, (_, i) => file.getUint8(at + i)));
  expect([text(0), text(8), text(36)]).toEqual(["RIFF", "WAVE", "data"]);
  expect(file.getUint32(4, true)).toBe(file.byteLength - 8);
  expect(file.getUint32(24, true)).toBe(48_000);
  const samples = new Int16Array(file.buffer, 44);
  expect(file.getUint32(40, true)).toBe(samples.byteLength);
  expect(samples.length / 48_000).toBeGreaterThan(5);
  expect(Math.max(...samples.slice(0, 9600))).toBe(1);
});
