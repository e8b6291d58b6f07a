import { describe, expect, test } from "vitest";
import { ProgramReader } from "../../src/audio/program_reader.ts";
import type { ToOutput } from "../../src/room/worker_messages.ts";
import { fromHex } from "../vectors.ts";

/** 20 ms of silence as Opus says it: full band, one frame (the packet of RFC 7845's examples). */
const SILENCE = "f8fffe";
const SAMPLES = 960;

function packet(timestamp: number, ssrc = 7, payload = SILENCE): Uint8Array {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  return fromHex(`806f0001${hex(timestamp >>> 0, 8)}${hex(ssrc, 8)}${payload}`);
}

interface Setting {
  reader: ProgramReader;
  told: ToOutput[];
  /** What was decoded, by timestamp; waits until the decoder is there. */
  decoded: (count: number) => Promise<number[]>;
}

function setting(): Setting {
  const told: ToOutput[] = [];
  const reader = new ProgramReader(
    (message) => told.push(message),
    () => 1000,
    (text) => {
      throw new Error(text);
    },
  );
  const timestamps = () =>
    told.flatMap((message) => (message.kind === "block" ? [message.timestamp] : []));
  const decoded = async (count: number) => {
    await expect.poll(() => timestamps().length, { timeout: 5000 }).toBeGreaterThanOrEqual(count);
    return timestamps();
  };
  return { reader, told, decoded };
}

describe("the program's reader", () => {
  test("keeps the newest 120 ms for the tap and decodes them then, with their age", async () => {
    const { reader, told, decoded } = setting();
    for (let n = 0; n < 50; n++) reader.read(packet(n * SAMPLES), n * 20);
    expect(told).toEqual([]);
    reader.start();
    const kept = await decoded(7);
    expect(kept).toEqual([43, 44, 45, 46, 47, 48, 49].map((n) => n * SAMPLES));
    const first = told.find((message) => message.kind === "block");
    expect(first).toMatchObject({ kind: "block", ageMs: 1000 - 43 * 20, sentMs: 1000 });
    if (first?.kind === "block") expect(first.samples).toHaveLength(SAMPLES);
  });

  test("goes on over the end of the 32 bits, and drops what comes twice", async () => {
    const { reader, decoded } = setting();
    reader.start();
    const last = 2 ** 32 - SAMPLES;
    for (const timestamp of [last, last, 0, last, SAMPLES]) reader.read(packet(timestamp), 0);
    expect(await decoded(3)).toEqual([last, last + SAMPLES, last + 2 * SAMPLES]);
  });

  test("follows another stream of the same clock, and begins anew with another clock", async () => {
    const { reader, told, decoded } = setting();
    await reader.ready;
    reader.start();
    reader.read(packet(1_000_000), 0);
    reader.read(packet(1_000_000 - 960, 8), 0); // another mixer, a little behind: known
    reader.read(packet(1_000_960, 8), 0);
    reader.read(packet(5000, 16), 0); // the hub was started again
    expect(await decoded(3)).toEqual([1_000_000, 1_000_960, 5000]);
    expect(told.filter((message) => message.kind === "restart")).toHaveLength(1);
  });

  test("a jump of more than ten seconds is another clock too", async () => {
    const { reader, told, decoded } = setting();
    await reader.ready;
    reader.start();
    reader.read(packet(0), 0);
    reader.read(packet(48_000 * 11), 0);
    await decoded(2);
    expect(told.filter((message) => message.kind === "restart")).toHaveLength(1);
  });

  test("is not disturbed by what is no packet, or too large, or no Opus", async () => {
    const { reader, decoded } = setting();
    reader.start();
    expect(reader.read(fromHex("0102"), 0)).toBeNull();
    reader.read(packet(0, 7, "00".repeat(3900)), 0);
    reader.read(packet(SAMPLES, 7, "ff"), 0);
    reader.read(packet(2 * SAMPLES), 0);
    expect(await decoded(1)).toEqual([2 * SAMPLES]);
  });

  test("says how long packets will be: before the first block, and whenever it is told", async () => {
    const { reader, told, decoded } = setting();
    await reader.ready;
    reader.announce(60);
    reader.read(packet(0), 0);
    expect(told).toEqual([]);
    reader.start();
    await decoded(1);
    reader.announce(20);
    expect(told.map((message) => (message.kind === "packet_length" ? message.ptimeMs : 0))).toEqual(
      [60, 0, 20],
    );
  });

  test("is quiet after stop", async () => {
    const { reader, told, decoded } = setting();
    reader.start();
    reader.read(packet(0), 0);
    await decoded(1);
    reader.stop();
    reader.read(packet(SAMPLES), 0);
    reader.announce(60);
    expect(told.map(({ kind }) => kind)).toEqual(["packet_length", "block"]);
  });
});
