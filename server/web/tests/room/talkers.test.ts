import { describe, expect, test } from "vitest";
import { barFill, glowOf, isAudible, TalkerTicker, voices } from "../../src/room/talkers.ts";
import type { Talker } from "../../src/room/worker_messages.ts";
import type { RtpPacket } from "../../src/wire/rtp.ts";
import { roomWith, turnOf } from "../rooms.ts";

function packet(csrcs: number[], csrcLevels: number[]): RtpPacket {
  return {
    sequence: 1,
    timestamp: 1,
    ssrc: 9,
    payload: Uint8Array.of(1),
    marker: false,
    csrcs,
    level: null,
    flags: 0,
    csrcLevels,
  };
}

describe("who is speaking", () => {
  test("is told ten times a second, each with its loudest level", () => {
    const told: Talker[][] = [];
    const ticker = new TalkerTicker((talkers) => told.push(talkers));
    for (let n = 0; n <= 10; n++) ticker.note(packet([1, 2], [-20 - n, -60]), n * 20);
    expect(told).toHaveLength(3);
    expect(told[1]).toEqual([
      { ssrc: 1, level_dbov: -21 },
      { ssrc: 2, level_dbov: -60 },
    ]);
  });

  test("a source without a level still counts as heard faintly, and leaves when it is gone", () => {
    const told: Talker[][] = [];
    const ticker = new TalkerTicker((talkers) => told.push(talkers));
    ticker.note(packet([1], []), 0);
    ticker.note(packet([], []), 100);
    expect(told[0]?.[0]?.ssrc).toBe(1);
    expect(told[1]).toEqual([]);
  });

  test("names turns and open microphones, and the table that carries a phone's turn", () => {
    const table = { state: "live", surface: "unit", name: "Table 1", unit: "u1" } as const;
    const phone = { state: "live", unit: "u2", unit_name: "Table 2" } as const;
    const view = roomWith({
      floor: [
        turnOf("u1", { ...table, unit_name: "Table 1", ssrc: 1 }),
        turnOf("ph1", { ...phone, ssrc: 2 }),
        turnOf("ph2"),
      ],
      microphones: [{ unit: "u9", name: "Desk", ssrc: 99 }],
    });
    expect(voices(view)).toEqual([
      { ssrc: 1, name: "Table 1", at: null },
      { ssrc: 2, name: "Zoé", at: "Table 2" },
      { ssrc: 99, name: "Desk", at: null },
    ]);
  });
});

test("a bar is empty for a quiet room and full for a loud voice", () => {
  expect([barFill(-127), barFill(-55), barFill(-30), barFill(0)]).toEqual([0, 0, 0.5, 1]);
  expect(isAudible(-60)).toBe(false);
  expect(isAudible(-30)).toBe(true);
  expect(glowOf([])).toBe(0);
  expect(glowOf([{ ssrc: 1, level_dbov: -28 }])).toBe(0.5);
});
