import { describe, expect, test } from "vitest";
import { FRAME_SAMPLES } from "../../src/speak/framer.ts";
import { FIRST, LAST, Packetizer } from "../../src/speak/packetizer.ts";
import { serializeRtp } from "../../src/speak/rtp_writer.ts";
import { MAX_WAITING, SendQueue, STUCK_AFTER_MS } from "../../src/speak/send_queue.ts";
import { Talkspurt } from "../../src/speak/talkspurt.ts";
import { parseRtp } from "../../src/wire/rtp.ts";
import { fromHex, toHex, vectors } from "../vectors.ts";

const valid = vectors<{ name: string; hex: string }[]>("rtp_valid.json");
/** What Python writes byte for byte; the others only have to be read. */
const written = valid.filter(({ name }) => !/padding|skipped|reserved|levels that do/.test(name));

describe("packets", () => {
  test.each(written)("are written as Python writes them: $name", ({ hex }) => {
    expect(toHex(serializeRtp(parseRtp(fromHex(hex))))).toBe(hex);
  });

  test("are numbered, and their time goes on over the wrap", () => {
    const packetizer = new Packetizer(0xffff, 0xffff_ffff - 100);
    const meta = { levelDb: -20.4, flags: 0 };
    const payload = Uint8Array.of(0xf8);
    const first = parseRtp(packetizer.packet(payload, 7, { ...meta, firstSample: 0 }));
    const next = parseRtp(packetizer.packet(payload, 7, { ...meta, firstSample: 960 }));
    expect([first.sequence, next.sequence]).toEqual([0xffff, 0]);
    expect(next.timestamp).toBe(960 - 101);
    expect(first.ssrc).toBe(7);
    expect(first.level).toEqual({ level_dbov: -20, voice: true });
    expect(first.marker).toBe(false);
  });
});

describe("a talkspurt", () => {
  const frame = (number: number) => ({
    firstSample: number * FRAME_SAMPLES,
    samples: new Float32Array(FRAME_SAMPLES).fill(0.5),
  });

  test("says nothing before it is open, marks its first frame, and ends in silence", () => {
    const talk = new Talkspurt();
    expect(talk.say(frame(0))).toBeNull();
    talk.open();
    expect(talk.say(frame(1))?.flags).toBe(FIRST);
    expect(talk.say(frame(2))?.flags).toBe(0);
    const last = talk.close();
    expect(last?.flags).toBe(LAST);
    expect(last?.firstSample).toBe(3 * FRAME_SAMPLES);
    expect(Math.max(...(last?.samples ?? [1]))).toBe(0);
    expect(talk.say(frame(3))).toBeNull();
  });

  test("that nobody heard has no end, and an end comes once", () => {
    const talk = new Talkspurt();
    talk.open();
    expect(talk.close()).toBeNull();
    talk.open();
    talk.say(frame(1));
    expect(talk.close()).not.toBeNull();
    expect(talk.close()).toBeNull();
  });
});

describe("what waits for a connection", () => {
  const packet = (number: number) => Uint8Array.of(number);

  function sentBy(queue: SendQueue, buffered: number, silentMs = 0): number[] {
    const sent: number[] = [];
    queue.flush(
      (one) => sent.push(one[0] as number),
      () => buffered,
      silentMs,
    );
    return sent;
  }

  test("is at most sixteen frames, and then the oldest goes", () => {
    const queue = new SendQueue();
    for (let i = 0; i < 20; i++) queue.push(packet(i));
    expect(queue.dropped).toBe(4);
    expect(sentBy(queue, 0)).toEqual(Array.from({ length: 16 }, (_, i) => 4 + i));
  });

  test("goes over only while the browser's own queue is short", () => {
    const queue = new SendQueue();
    queue.push(packet(1));
    expect(sentBy(queue, 10_000)).toEqual([]);
    expect(sentBy(queue, 0)).toEqual([1]);
  });

  test("stays here while the connection is stuck, so that no old speech follows", () => {
    const queue = new SendQueue();
    for (let i = 0; i < 100; i++) {
      queue.push(packet(i));
      expect(sentBy(queue, 0, STUCK_AFTER_MS + 1)).toEqual([]);
    }
    expect(sentBy(queue, 0)).toEqual(Array.from({ length: MAX_WAITING }, (_, i) => 84 + i));
  });

  test("is forgotten with the connection", () => {
    const queue = new SendQueue();
    queue.push(packet(1));
    queue.clear();
    expect(sentBy(queue, 0)).toEqual([]);
  });
});
