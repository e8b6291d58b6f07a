import { describe, expect, test } from "vitest";
import {
  type AudioEvent,
  type AudioState,
  advance,
  TRANSITIONS,
} from "../../src/audio/lifecycle.ts";

const STATES = Object.keys(TRANSITIONS) as AudioState[];
const EVENTS: AudioEvent[] = [
  "tap",
  "stop",
  "running",
  "suspended",
  "interrupted",
  "closed",
  "clock_frozen",
  "failure",
];

function stateAfter(...events: AudioEvent[]): AudioState {
  return events.reduce<AudioState>((state, event) => advance(state, event).to, "idle");
}

describe("the audio lifecycle", () => {
  test("only a tap opens a context, from every state without one", () => {
    for (const state of STATES) {
      for (const event of EVENTS) {
        const opens = advance(state, event).effects.includes("open");
        expect(opens).toBe(event === "tap" && ["idle", "frozen", "failed"].includes(state));
      }
    }
  });

  test("nothing resumes an interrupted context, not even a tap", () => {
    for (const event of EVENTS) {
      const { to, effects } = advance("interrupted", event);
      expect(effects.includes("resume")).toBe(event === "suspended");
      if (event === "tap") expect(to).toBe("interrupted");
    }
  });

  test("stop ends everything and closes what is open", () => {
    for (const state of STATES) {
      const { to, effects } = advance(state, "stop");
      expect(to).toBe("idle");
      const hasContext = !["idle", "frozen", "failed"].includes(state);
      expect(effects.includes("close")).toBe(hasContext);
    }
  });

  test("whenever it becomes live the clock is watched", () => {
    for (const state of STATES) {
      for (const event of EVENTS) {
        const { to, effects } = advance(state, event);
        if (to === "live" && state !== "live") expect(effects).toContain("watch_clock");
      }
    }
  });

  test("a call comes and goes", () => {
    expect(stateAfter("tap", "running")).toBe("live");
    expect(stateAfter("tap", "running", "interrupted")).toBe("interrupted");
    expect(stateAfter("tap", "running", "interrupted", "suspended")).toBe("suspended");
    expect(stateAfter("tap", "running", "interrupted", "suspended", "running")).toBe("live");
  });

  test("a frozen clock is rebuilt by the next tap", () => {
    expect(stateAfter("tap", "running", "clock_frozen")).toBe("frozen");
    expect(advance("frozen", "tap")).toEqual({ to: "starting", effects: ["open"] });
    expect(stateAfter("tap", "running", "clock_frozen", "running")).toBe("frozen");
  });

  test("an event that a state does not know changes nothing", () => {
    expect(advance("idle", "running")).toEqual({ to: "idle", effects: [] });
  });
});
