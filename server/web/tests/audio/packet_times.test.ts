import { beforeAll, describe, expect, test } from "vitest";
import { MediaBuffer } from "../../src/audio/media_buffer.ts";
import { ProgramReader } from "../../src/audio/program_reader.ts";
import { Renderer } from "../../src/audio/renderer.ts";
import type { ToOutput } from "../../src/room/worker_messages.ts";
import { fromHex, vectors } from "../vectors.ts";

/** `tests/vectors/make_program_ladder.py` says what the fields mean. */
interface Program {
  tone_hz: number;
  parts: string[];
  bundles: Record<string, string[]>;
  ladder: [number, string][];
}

const program = vectors<Program>("program_ladder.json");
const PTIMES = [20, 40, 60, 80, 100, 120];
const QUANTUM = 128;
const SSRC = 0x10_0000_00;

function rtp(timestamp: number, payload: string, ptimeMs = 20): Uint8Array {
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, "0");
  return fromHex(`806f0001${hex(timestamp)}${hex(SSRC ^ (ptimeMs / 20 - 1))}${payload}`);
}

/** One packet after the other, of 20 ms or longer. */
function send(page: Page, payloads: string[], ptimeMs = 20): void {
  for (const [n, payload] of payloads.entries()) {
    page.reader.read(rtp(48 * ptimeMs * n, payload, ptimeMs), (n + 1) * ptimeMs);
  }
}

/** A page's sound, from the packet to the sample, on a clock of its own. */
class Page {
  readonly media = new MediaBuffer();
  readonly reader: ProgramReader;
  readonly blocks: { timestamp: number; samples: Float32Array }[] = [];
  private readonly renderer: Renderer;
  private nowMs = 0;

  constructor(private readonly rate = 48_000) {
    this.renderer = new Renderer(this.media, rate);
    this.reader = new ProgramReader(
      (message) => this.take(message),
      () => this.nowMs,
      (text) => {
        throw new Error(text);
      },
    );
  }

  private take(message: ToOutput): void {
    if (message.kind === "restart") this.media.restart();
    else if (message.kind === "packet_length") this.media.announce(message.ptimeMs);
    else {
      this.blocks.push(message);
      this.media.put(message, this.nowMs - message.ageMs);
    }
  }

  /** Everything that is sent, 5 ms later; what is heard. */
  play(packets: [number, Uint8Array][], endMs: number): Float32Array {
    const heard = new Float32Array(Math.floor((endMs * this.rate) / 1000 / QUANTUM) * QUANTUM);
    let next = 0;
    for (let at = 0; at < heard.length; at += QUANTUM) {
      this.nowMs = (at / this.rate) * 1000;
      for (; (packets[next]?.[0] ?? Number.POSITIVE_INFINITY) + 5 <= this.nowMs; next++) {
        this.reader.read((packets[next] as [number, Uint8Array])[1], this.nowMs);
      }
      this.renderer.render(heard.subarray(at, at + QUANTUM), this.nowMs);
    }
    return heard;
  }

  get line(): number[] {
    return this.blocks.map(({ timestamp }) => timestamp);
  }

  get sound(): Float32Array {
    return Float32Array.from(this.blocks.flatMap(({ samples }) => [...samples]));
  }
}

/** The largest bend of the curve: a tone of 440 Hz and 0.3 bends by 0.001, coded by a little more. */
function largestBend(samples: Float32Array): number {
  let largest = 0;
  for (let i = 2; i < samples.length; i++) {
    const [a, b, c] = [samples[i - 2], samples[i - 1], samples[i]] as [number, number, number];
    largest = Math.max(largest, Math.abs(c - 2 * b + a));
  }
  return largest;
}

/** The quietest peak of any 3 ms: over a period of the tone. */
function quietest(samples: Float32Array, rate: number): number {
  const length = Math.round(rate * 0.003);
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at + length <= samples.length; at += length) {
    least = Math.min(least, Math.max(...samples.subarray(at, at + length).map(Math.abs)));
  }
  return least;
}

describe("real packets of every length", () => {
  let whole: Float32Array;

  beforeAll(async () => {
    const page = new Page();
    await page.reader.ready;
    page.reader.start();
    send(page, program.parts);
    whole = page.sound;
    expect(whole).toHaveLength(12 * 960);
  });

  test.each(PTIMES)("%i ms are the same sound", async (ptimeMs) => {
    const page = new Page();
    await page.reader.ready;
    page.reader.start();
    const bundles = program.bundles[ptimeMs] as string[];
    send(page, bundles, ptimeMs);
    expect(page.sound).toEqual(whole.subarray(0, bundles.length * ptimeMs * 48));
  });

  test.each(PTIMES)("%i ms after shorter ones that said a part of it: once", async (ptimeMs) => {
    const page = new Page();
    await page.reader.ready;
    page.reader.start();
    send(page, program.parts.slice(0, 3));
    const bundles = program.bundles[ptimeMs] as string[];
    send(page, bundles, ptimeMs);
    send(page, program.parts);
    expect(page.sound).toEqual(whole);
    expect(page.line).toEqual([...page.line].sort((a, b) => a - b));
  });

  test.each(PTIMES)(
    "before the tap as much of %i ms is kept as a first target needs",
    (ptimeMs) => {
      const page = new Page();
      const bundles = program.bundles[ptimeMs] as string[];
      bundles.forEach((bundle, n) => {
        page.reader.read(rtp(48 * ptimeMs * n, bundle, ptimeMs), (n + 1) * ptimeMs);
      });
      page.reader.start();
      return page.reader.ready.then(() => {
        const keptMs = page.sound.length / 48;
        const lengthMs = bundles.length * ptimeMs;
        expect(keptMs).toBeGreaterThanOrEqual(Math.min(lengthMs, 120 + ptimeMs));
        expect(keptMs).toBeLessThan(120 + 2 * ptimeMs);
      });
    },
  );
});

describe.each([48_000, 44_100])("a program that changes its packets, heard at %i Hz", (rate) => {
  const packets = program.ladder.map(([at, hex]): [number, Uint8Array] => [at, fromHex(hex)]);
  const endMs = (packets.at(-1) as [number, Uint8Array])[0];

  test("has no gap, no click and nothing twice", async () => {
    const page = new Page(rate);
    await page.reader.ready;
    page.reader.announce(120);
    page.reader.start();
    const heard = page.play(packets, endMs + 10);
    const steady = heard.subarray(rate / 2);
    expect(page.media.controller.underruns).toBe(0);
    expect(page.media.concealedSamples).toBe(0);
    expect(quietest(steady, rate)).toBeGreaterThan(0.2);
    expect(largestBend(steady)).toBeLessThan(0.01);
    const samples = page.blocks.reduce((sum, block) => sum + block.samples.length, 0);
    expect(samples).toBe(endMs * 48);
    expect(new Set(page.blocks.map((block) => block.samples.length / 48))).toEqual(new Set(PTIMES));
  });

  test("without a word beforehand it runs dry for less than a longer packet, and softly", async () => {
    const page = new Page(rate);
    await page.reader.ready;
    page.reader.start();
    const heard = page.play(packets, endMs + 10);
    expect(page.media.concealedSamples / 48).toBeLessThan(120);
    expect(largestBend(heard.subarray(rate / 2))).toBeLessThan(0.05);
  });
});
