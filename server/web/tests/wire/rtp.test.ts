import { describe, expect, test } from "vitest";
import { BadPacket, parseRtp } from "../../src/wire/rtp.ts";
import { fromHex, toHex, vectors } from "../vectors.ts";

interface Valid {
  name: string;
  hex: string;
  packet: {
    payload_type: number;
    marker: boolean;
    sequence: number;
    timestamp: number;
    ssrc: number;
    csrcs: number[];
    level: { level_dbov: number; voice: boolean } | null;
    flags: number;
    csrc_levels: number[];
    payload_hex: string;
  };
}

const valid = vectors<Valid[]>("rtp_valid.json");
const invalid = vectors<{ name: string; hex: string }[]>("rtp_invalid.json");

describe("RTP packets", () => {
  test.each(valid)("reads: $name", ({ hex, packet }) => {
    const read = parseRtp(fromHex(hex));
    const { payload, csrcLevels, ...rest } = read;
    expect({
      ...rest,
      csrc_levels: csrcLevels,
      payload_hex: toHex(payload),
      payload_type: 111,
    }).toEqual(packet);
  });

  test.each(invalid)("refuses: $name", ({ hex }) => {
    expect(() => parseRtp(fromHex(hex))).toThrow(BadPacket);
  });

  test("reads a packet that lies inside a larger buffer", () => {
    const [first] = valid;
    const bytes = fromHex(first?.hex ?? "");
    const larger = new Uint8Array(bytes.length + 8);
    larger.set(bytes, 4);
    const read = parseRtp(larger.subarray(4, 4 + bytes.length));
    expect(toHex(read.payload)).toBe(first?.packet.payload_hex);
  });

  test("refuses a flood", () => {
    const flood = new Uint8Array(4097);
    flood.set(fromHex("806f00010000000200000003"));
    expect(() => parseRtp(flood)).toThrow(BadPacket);
  });

  test("any bytes either parse or are refused as a bad packet", () => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    for (let round = 0; round < 5000; round++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 64) }, () => random() * 256);
      if (bytes.length > 1 && random() < 0.8) {
        bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
        bytes[1] = 0x6f | ((bytes[1] ?? 0) & 0x80);
      }
      try {
        expect(parseRtp(bytes).payload.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(BadPacket);
      }
    }
  });
});
