import { describe, expect, test } from "vitest";
import { MediaBuffer } from "../../src/audio/media_buffer.ts";
import { Renderer } from "../../src/audio/renderer.ts";

const QUANTUM = 128;
const START = 1_000_000;

function tone(timestamp: number, length: number, hz = 440): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * (timestamp + i)) / 48_000),
  );
}

interface Heard {
  samples: Float32Array;
  media: MediaBuffer;
}

/** Packets of 20 ms through the whole of the output, as the worklet runs it. */
function listen(
  seconds: number,
  outputRate: number,
  delayOf: (packet: number) => number | null = () => 5,
): Heard {
  const media = new MediaBuffer();
  const renderer = new Renderer(media, outputRate);
  const arrivals: { at: number; timestamp: number }[] = [];
  for (let n = 0; n < seconds * 50; n++) {
    const delay = delayOf(n);
    if (delay !== null) arrivals.push({ at: (n + 1) * 20 + delay, timestamp: START + 960 * n });
  }
  const samples = new Float32Array(Math.floor((seconds * outputRate) / QUANTUM) * QUANTUM);
  for (let at = 0; at < samples.length; at += QUANTUM) {
    const nowMs = (at / outputRate) * 1000;
    while ((arrivals[0]?.at ?? Number.POSITIVE_INFINITY) <= nowMs) {
      const { at: arrival, timestamp } = arrivals.shift() as { at: number; timestamp: number };
      media.put({ timestamp, samples: tone(timestamp, 960) }, arrival);
    }
    renderer.render(samples.subarray(at, at + QUANTUM), nowMs);
  }
  return { samples, media };
}

const rms = (samples: Float32Array) =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

/** The largest step between neighbours: a click is a step that the tone does not take. */
function largestStep(samples: Float32Array): number {
  let largest = 0;
  for (let i = 1; i < samples.length; i++) {
    largest = Math.max(largest, Math.abs((samples[i] as number) - (samples[i - 1] as number)));
  }
  return largest;
}

/** Power at one frequency over all power, by correlation. */
function purity(samples: Float32Array, hz: number, rate: number): number {
  let real = 0;
  let imaginary = 0;
  samples.forEach((sample, i) => {
    real += sample * Math.cos((2 * Math.PI * hz * i) / rate);
    imaginary += sample * Math.sin((2 * Math.PI * hz * i) / rate);
  });
  const amplitude = (2 * Math.hypot(real, imaginary)) / samples.length;
  return amplitude ** 2 / 2 / rms(samples) ** 2;
}

describe.each([48_000, 44_100])("output at %i Hz", (rate) => {
  const clickFree = 0.5 * 2 * Math.PI * (440 / rate) * 1.2 + 0.01;

  test("a steady stream comes out as the same tone, without a click", () => {
    const { samples, media } = listen(4, rate);
    const second = samples.subarray(rate, 2 * rate);
    expect(rms(second)).toBeCloseTo(0.5 / Math.SQRT2, 2);
    expect(purity(samples.subarray(rate, rate + rate / 4), 440, rate)).toBeGreaterThan(0.995);
    expect(largestStep(samples)).toBeLessThan(clickFree);
    expect(media.controller.underruns).toBe(0);
    expect(media.playedSamples / 48_000).toBeGreaterThan(3.6);
  });

  test("it begins with quiet noise, not with nothing", () => {
    const { samples } = listen(1, rate);
    const before = samples.subarray(0, rate / 10);
    expect(20 * Math.log10(rms(before))).toBeGreaterThan(-65);
    expect(20 * Math.log10(rms(before))).toBeLessThan(-59);
  });

  test("a stall fades out and in without a click, and is made up for", () => {
    const stall = (n: number) => (n >= 100 && n < 150 ? (150 - n) * 20 : 5);
    const { samples, media } = listen(6, rate, stall);
    expect(media.controller.underruns).toBe(1);
    expect(largestStep(samples)).toBeLessThan(clickFree);
    const quiet = samples.subarray(Math.round(2.5 * rate), Math.round(2.8 * rate));
    expect(20 * Math.log10(rms(quiet))).toBeLessThan(-55);
    const after = samples.subarray(5 * rate);
    expect(rms(after)).toBeCloseTo(0.5 / Math.SQRT2, 1);
    expect(media.delayMs(6000)).toBeLessThan(600);
  });

  test("a hole in the line of time does not stop it", () => {
    const { samples, media } = listen(4, rate, (n) => (n === 100 ? null : 5));
    expect(media.controller.underruns).toBe(0);
    expect(media.concealedSamples).toBe(960);
    expect(largestStep(samples)).toBeLessThan(clickFree);
    expect(rms(samples.subarray(3 * rate))).toBeCloseTo(0.5 / Math.SQRT2, 1);
  });
});

describe("the buffer", () => {
  test("begins anew after a long hole and after a restart", () => {
    const media = new MediaBuffer();
    media.put({ timestamp: START, samples: tone(START, 960) }, 0);
    media.put({ timestamp: START + 96_000, samples: tone(0, 960) }, 10);
    expect(media.bufferMs).toBe(20);
    media.restart();
    expect(media.bufferMs).toBe(0);
    media.put({ timestamp: 5, samples: tone(0, 960) }, 20);
    expect(media.bufferMs).toBe(20);
  });

  test("drops what comes twice or too late", () => {
    const media = new MediaBuffer();
    media.put({ timestamp: START, samples: tone(START, 960) }, 0);
    media.put({ timestamp: START, samples: tone(START, 960) }, 1);
    media.put({ timestamp: START - 960, samples: tone(START, 960) }, 1);
    expect(media.bufferMs).toBe(20);
  });

  test("never holds more than two seconds", () => {
    const media = new MediaBuffer();
    for (let n = 0; n < 500; n++) {
      media.put({ timestamp: START + 960 * n, samples: tone(0, 960) }, n);
      expect(media.bufferMs).toBeLessThanOrEqual(2000);
    }
  });

  test("random arrivals never break it: rate within 0.5 %, bounded delay, no bad sample", () => {
    let state = 7;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    for (let round = 0; round < 40; round++) {
      let last = 0;
      const spread = 10 ** (random() * 3);
      const { samples, media } = listen(3, 48_000, (n) => {
        const delay = Math.max(last - (n + 1) * 20, random() * spread);
        last = (n + 1) * 20 + delay;
        return random() < 0.02 ? null : delay;
      });
      expect(samples.every((sample) => Math.abs(sample) <= 0.75)).toBe(true);
      expect(Math.abs(media.rate - 1)).toBeLessThanOrEqual(0.005);
      expect(media.bufferMs).toBeGreaterThanOrEqual(0);
      expect(media.bufferMs).toBeLessThanOrEqual(2000);
    }
  }, 30_000); // two minutes of sound: a second of work, more on a machine that is busy
});
