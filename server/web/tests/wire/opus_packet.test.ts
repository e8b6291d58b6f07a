import { describe, expect, test } from "vitest";
import { opusFrames, opusSamples } from "../../src/wire/opus_packet.ts";
import { isSameProgram } from "../../src/wire/packet_time.ts";
import { fromHex, toHex, vectors } from "../vectors.ts";

const { parts, bundles } = vectors<{ parts: string[]; bundles: Record<string, string[]> }>(
  "program_ladder.json",
);

const PTIMES = [20, 40, 60, 80, 100, 120];

describe("packets of libopus' repacketizer", () => {
  test.each(PTIMES)("of %i ms are so long and come apart into what was put in", (ptimeMs) => {
    const packets = (bundles[ptimeMs] as string[]).map(fromHex);
    for (const packet of packets) expect(opusSamples(packet)).toBe(ptimeMs * 48);
    const frames = packets.flatMap(opusFrames).map(toHex);
    expect(frames).toEqual(parts.slice(0, (packets.length * ptimeMs) / 20));
  });

  test("cut short come apart into nothing", () => {
    const whole = fromHex((bundles[60] as string[])[0] as string);
    for (const length of [0, 1, 2, 3]) expect(opusFrames(whole.subarray(0, length))).toEqual([]);
  });
});

describe("packets of every kind", () => {
  test.each([
    ["one frame", "f80102", ["f80102"]],
    ["an empty frame", "f8", ["f8"]],
    ["two of one length", "f90102", ["f801", "f802"]],
    ["two, the first of one byte", "fa01020304", ["f802", "f80304"]],
    ["three of one length", "fb03010203", ["f801", "f802", "f803"]],
    ["with padding", "fb4102010000", ["f801"]],
    ["with a byte of padding", "fb410100", ["f8"]],
    ["with lengths", "fb83010201" + "0304" + "05", ["f801", "f80304", "f805"]],
  ])("%s", (_, packet, frames) => {
    expect(opusFrames(fromHex(packet)).map(toHex)).toEqual(frames);
  });

  test.each(["", "f901", "fb", "fb00", "fb020102ff", "fa", "fa05", "fb8302", "fb41ff"])(
    "%s is damaged",
    (packet) => {
      expect(opusFrames(fromHex(packet))).toEqual([]);
    },
  );

  test("any bytes come apart or are damaged", () => {
    let state = 3;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let n = 0; n < 3000; n++) {
      const bytes = Uint8Array.from({ length: random(40) }, () => random(256));
      const frames = opusFrames(bytes);
      const held = frames.reduce((sum, frame) => sum + frame.length - 1, 0);
      expect(held).toBeLessThanOrEqual(Math.max(0, bytes.length - 1));
    }
  });
});

test("streams of one mixer are known by their SSRCs", () => {
  expect(isSameProgram(0xffff_fff8, 0xffff_fffd)).toBe(true);
  expect(isSameProgram(0xffff_fff8, 0xffff_fff7)).toBe(false);
  expect(isSameProgram(0x8000_0000, 0)).toBe(false);
});
