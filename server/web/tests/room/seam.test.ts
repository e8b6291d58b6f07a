import { describe, expect, test } from "vitest";
import { Seam } from "../../src/room/seam.ts";
import { opusSamples } from "../../src/wire/opus_packet.ts";

describe("the length of an Opus packet", () => {
  test.each([
    [[0x00], 480], // SILK 10 ms
    [[0x18], 2880], // SILK 60 ms
    [[0x60], 480], // hybrid 10 ms
    [[0x78], 960], // hybrid 20 ms
    [[0x80], 120], // CELT 2.5 ms
    [[0xf8], 960], // CELT 20 ms
    [[0xf9], 1920], // two of one size
    [[0xfa, 5], 1920], // two of different sizes
    [[0xfb, 0x03], 2880], // three
    [[0xfb, 0xc3], 2880], // three, variable and padded
    [[0xfb, 0x3f], 0], // 1.26 s is none
    [[0xfb], 0],
    [[], 0],
  ])("%j is %i samples", (bytes, samples) => {
    expect(opusSamples(new Uint8Array(bytes))).toBe(samples);
  });
});

/** A packet of `frames` of 20 ms. */
function packet(timestamp: number, frames = 1): Uint8Array {
  const bytes = new Uint8Array([0x80, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0xfb, frames, 0xff]);
  new DataView(bytes.buffer).setUint32(4, timestamp);
  return bytes;
}

describe("a seam", () => {
  test("is where one line ends and a packet of the other begins", () => {
    const seam = new Seam();
    seam.came(packet(2880));
    expect(seam.isExact).toBe(false);
    seam.passed(packet(960));
    expect(seam.isExact).toBe(false);
    seam.passed(packet(1920));
    expect(seam.isExact).toBe(true);
  });

  test("is found when the new line is behind", () => {
    const seam = new Seam();
    seam.passed(packet(4800));
    seam.came(packet(3840));
    seam.came(packet(4800));
    expect(seam.isExact).toBe(false);
    seam.came(packet(5760));
    expect(seam.isExact).toBe(true);
  });

  test("is missed once the old line went on", () => {
    const seam = new Seam();
    seam.passed(packet(960));
    seam.came(packet(2880, 3));
    seam.passed(packet(1920, 2));
    expect(seam.isExact).toBe(false);
  });

  test.each([
    [1, 3],
    [3, 1],
    [2, 3],
    [5, 4],
  ])("of packets of %i and of %i frames is at a common edge", (old, young) => {
    const seam = new Seam();
    const begin = 2 ** 32 - 960 * 60; // the timestamps wrap on the way
    const at = (frame: number) => (begin + 960 * frame) % 2 ** 32;
    let switched: number | null = null;
    for (let frame = 0; frame < 120 && switched === null; frame++) {
      if (frame % young === 0) seam.came(packet(at(frame), young));
      if (frame % old === 0 && frame > 0) seam.passed(packet(at(frame - old), old));
      if (seam.isExact) switched = frame;
    }
    expect(switched).not.toBeNull();
    expect((switched as number) % old).toBe(0);
    expect((switched as number) % young).toBe(0);
  });

  test("takes no notice of what is no packet", () => {
    const seam = new Seam();
    seam.passed(new Uint8Array(3));
    seam.came(new Uint8Array(20));
    expect([seam.hasNew, seam.isExact]).toEqual([false, false]);
  });
});
