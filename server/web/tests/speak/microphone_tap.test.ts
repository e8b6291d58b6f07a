import { describe, expect, test } from "vitest";
import { type FromMicrophone, MicrophoneTap } from "../../src/speak/microphone_tap.ts";
import { TrackLine } from "../../src/speak/track_line.ts";

const PIECE = new Float32Array(480).fill(0.1);

function opened(rate = 48_000) {
  const told: FromMicrophone[] = [];
  const sent: number[] = [];
  const port = {
    postMessage: ({ firstSample }: { firstSample: number }) => sent.push(firstSample),
  } as unknown as MessagePort;
  return { tap: new MicrophoneTap(rate, (message) => told.push(message)), told, sent, port };
}

describe("where the microphone's sound goes", () => {
  test("to nobody until somebody is named; the level is told all the same", () => {
    const { tap, told, sent } = opened();
    for (let piece = 0; piece < 10; piece++) tap.push(PIECE);
    expect(told.map(({ kind }) => kind)).toEqual(["level"]);
    expect(sent).toEqual([]);
  });

  test("to the page while it tests, to the hub when it is live, cut off when muted", () => {
    const { tap, told, sent, port } = opened();
    tap.told({ kind: "to_page" });
    for (let piece = 0; piece < 2; piece++) tap.push(PIECE);
    expect(told.filter(({ kind }) => kind === "frame")).toHaveLength(2);
    tap.told({ kind: "to_hub", port });
    for (let piece = 0; piece < 2; piece++) tap.push(PIECE);
    expect(sent).toEqual([960, 1440]);
    tap.told({ kind: "to_nobody" });
    for (let piece = 0; piece < 2; piece++) tap.push(PIECE);
    tap.told({ kind: "to_hub" }); // the port is known, the line of samples ran on
    tap.push(PIECE);
    expect(sent).toEqual([960, 1440, 2880]);
    expect(told.filter(({ kind }) => kind === "frame")).toHaveLength(2);
  });

  test("closed, it passes nothing on", () => {
    const { tap, sent, port } = opened();
    tap.told({ kind: "to_hub", port });
    tap.told({ kind: "close" });
    for (let piece = 0; piece < 4; piece++) tap.push(PIECE);
    expect(tap.isOpen).toBe(false);
    expect(sent).toEqual([]);
  });

  test.each([16_000, 44_100])("a microphone of %i Hz gives frames of 10 ms too", (rate) => {
    const { tap, sent, port } = opened(rate);
    tap.told({ kind: "to_hub", port });
    for (let piece = 0; piece < 100; piece++) tap.push(new Float32Array(rate / 100));
    expect(sent.length).toBeGreaterThanOrEqual(97);
    expect(sent.length).toBeLessThanOrEqual(100);
  });
});

describe("what a busy worker missed", () => {
  test("nothing, as long as time stamps wobble only", () => {
    const line = new TrackLine();
    for (let piece = 0; piece < 1000; piece++) {
      const wobbleUs = piece % 7 === 0 ? 9_000 : -4_000;
      expect(line.missing(piece * 10_000 + wobbleUs, 480, 48_000)).toBe(0);
    }
  });

  test("is made good by as much silence, two seconds of it at most", () => {
    const line = new TrackLine();
    line.missing(1_000_000, 480, 48_000);
    expect(line.missing(1_310_000, 480, 48_000)).toBe(300 * 48);
    expect(line.missing(1_320_000, 480, 48_000)).toBe(0);
    expect(line.missing(3_600_000_000, 480, 48_000)).toBe(2 * 48_000);
  });
});
