import { describe, expect, test } from "vitest";
import { FRAME_SAMPLES, type Frame, Framer, levelDbfs } from "../../src/speak/framer.ts";
import { Resampler } from "../../src/speak/resampler.ts";

function tone(hertz: number, rate: number, samples: number, from = 0): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) =>
    Math.sin((2 * Math.PI * hertz * (from + i)) / rate),
  );
}

/** All that the resampler makes of `input`, in render quanta of 128. */
function resampled(input: Float32Array, rate: number): Float32Array {
  const resampler = new Resampler(rate);
  const parts: number[] = [];
  for (let at = 0; at < input.length; at += 128) {
    parts.push(...resampler.push(input.subarray(at, at + 128)));
  }
  return Float32Array.from(parts);
}

describe("the microphone's sound at 48 kHz", () => {
  test.each([16_000, 22_050, 32_000, 44_100, 48_000, 96_000])(
    "a tone from %i Hz keeps its level, pitch and place",
    (rate) => {
      const output = resampled(tone(1000, rate, rate), rate);
      const wanted = tone(1000, 48_000, output.length);
      const error = output.map((sample, i) => sample - (wanted[i] as number)).subarray(500);
      expect(levelDbfs(error)).toBeLessThan(-60);
      expect(levelDbfs(output.subarray(500))).toBeCloseTo(-3.01, 1);
    },
  );

  test("what 16 kHz cannot hold is not made up: images stay 50 dB down", () => {
    const output = resampled(tone(5000, 16_000, 16_000), 16_000).subarray(1000, 41_000);
    // Everything that is not the tone itself.
    let real = 0;
    let imaginary = 0;
    output.forEach((sample, i) => {
      real += sample * Math.cos((2 * Math.PI * 5000 * i) / 48_000);
      imaginary += sample * Math.sin((2 * Math.PI * 5000 * i) / 48_000);
    });
    const a = (2 * real) / output.length;
    const b = (2 * imaginary) / output.length;
    const rest = output.map(
      (sample, i) =>
        sample -
        a * Math.cos((2 * Math.PI * 5000 * i) / 48_000) -
        b * Math.sin((2 * Math.PI * 5000 * i) / 48_000),
    );
    expect(levelDbfs(rest)).toBeLessThan(-50);
  });

  test("what 48 kHz cannot hold of 96 kHz is gone", () => {
    const output = resampled(tone(30_000, 96_000, 96_000), 96_000);
    expect(levelDbfs(output.subarray(500))).toBeLessThan(-50);
  });

  test.each([16_000, 44_100])("a minute of %i Hz drift by not one sample", (rate) => {
    const resampler = new Resampler(rate);
    const quantum = new Float32Array(rate / 10);
    let count = 0;
    for (let tenth = 0; tenth < 600; tenth++) count += resampler.push(quantum).length;
    const expected = 60 * 48_000;
    // Short by what it looks ahead, and by nothing more.
    expect(expected - count).toBeGreaterThanOrEqual(0);
    expect(expected - count).toBeLessThan((18 * 48_000) / rate);
  });
});

describe("frames", () => {
  test("are whole, numbered by sample, and hold every sample once", () => {
    const frames: Frame[] = [];
    const framer = new Framer(48_000, (frame) => frames.push(frame));
    const sound = tone(440, 48_000, 48_000);
    for (let at = 0; at < sound.length; at += 128) framer.push(sound.subarray(at, at + 128));
    expect(frames.map((frame) => frame.firstSample)).toEqual(
      Array.from({ length: 100 }, (_, i) => i * FRAME_SAMPLES),
    );
    expect(frames.flatMap((frame) => [...frame.samples])).toEqual([...sound]);
  });

  test("44.1 kHz make a hundred a second too", () => {
    let frames = 0;
    const framer = new Framer(44_100, () => {
      frames += 1;
    });
    for (let i = 0; i < 4410; i++) framer.push(new Float32Array(100));
    expect(frames).toBe(999); // ten seconds, less what it looks ahead
  });
});
