import { describe, expect, test } from "vitest";
import {
  advance,
  hasFloor,
  type SpeakEffect,
  type SpeakEvent,
  type SpeakState,
  TRANSITIONS,
} from "../../src/speak/machine.ts";

const STATES = Object.keys(TRANSITIONS) as SpeakState[];
const EVENTS: SpeakEvent[] = [
  "begin",
  "accept",
  "leave",
  "microphone",
  "refusal",
  "done",
  "go_live",
  "on_air",
  "turn_over",
  "mute",
  "hidden",
  "device",
  "go_on",
  "reopen",
  "link_lost",
  "link_back",
];

function led(...events: SpeakEvent[]): { state: SpeakState; effects: SpeakEffect[] } {
  let state: SpeakState = "idle";
  const effects: SpeakEffect[] = [];
  for (const event of events) {
    const step = advance(state, event);
    state = step.to;
    effects.push(...step.effects);
  }
  return { state, effects };
}

/** Every state that any events lead to, with whether sound may leave the phone there. */
function everywhere(visit: (state: SpeakState, event: SpeakEvent, isOpen: boolean) => void): void {
  const seen = new Set<string>();
  const open: [SpeakState, boolean][] = [["idle", false]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [state, isOpen] = next;
    for (const event of EVENTS) {
      const { to, effects } = advance(state, event);
      let isOpenThen = isOpen;
      for (const effect of effects) {
        if (effect === "speak") isOpenThen = true;
        if (effect === "hush") isOpenThen = false;
      }
      visit(to, event, isOpenThen);
      const key = `${to} ${isOpenThen}`;
      if (!seen.has(key)) open.push([to, isOpenThen]);
      seen.add(key);
    }
  }
}

describe("from the line to the air and back", () => {
  test("the straight way", () => {
    const { state, effects } = led("begin", "accept", "microphone", "go_live", "on_air");
    expect(state).toBe("live");
    expect(effects).toEqual(["ask", "check", "end_check", "connect", "hear_return", "speak"]);
  });

  test("a microphone that was tested in the line needs one tap", () => {
    const before = led("begin", "accept", "microphone", "done");
    expect(before.state).toBe("ready");
    expect(before.effects.at(-1)).toBe("close");
    const { to, effects } = advance("ready", "go_live");
    expect([to, ...effects]).toEqual(["opening", "ask"]);
  });

  test("sound leaves only in `live`, and where a lost connection may come back", () => {
    everywhere((state, event, isOpen) => {
      expect(isOpen, `${event} to ${state}`).toBe(state === "live" || state === "lost");
    });
  });

  test("only a tap asks for the microphone", () => {
    for (const state of STATES) {
      for (const event of EVENTS) {
        if (!advance(state, event).effects.includes("ask")) continue;
        expect(["begin", "accept", "go_live", "reopen"]).toContain(event);
      }
    }
  });

  test("only the hub's word makes it live, or the person's after a mute", () => {
    for (const state of STATES) {
      for (const event of EVENTS) {
        const { to } = advance(state, event);
        if (to !== "live" || state === "live") continue;
        expect(["on_air", "go_on", "link_back", "microphone"]).toContain(event);
        if (event !== "on_air") expect(hasFloor(state)).toBe(true);
      }
    }
  });

  test.each<SpeakEvent>(["hidden", "device", "mute"])(
    "%s mutes at once and tells, and only a tap goes on",
    (event) => {
      for (const state of ["live", "lost"] as const) {
        const step = advance(state, event);
        expect(step).toEqual({ to: "muted", effects: ["hush", "tell_muted"] });
      }
      for (const other of EVENTS) {
        const { to } = advance("muted", other);
        if (to === "live") expect(other).toBe("go_on");
      }
    },
  );

  test("the end of a turn closes everything, wherever it finds one", () => {
    for (const state of STATES.filter(hasFloor)) {
      const { to, effects } = advance(state, "turn_over");
      expect(to).toBe("ready");
      expect(effects).toEqual(["hush", "disconnect", "close", "hear_program"]);
    }
  });

  test("a test in the line is ended by a page that is left", () => {
    expect(advance("checking", "hidden")).toEqual({ to: "ready", effects: ["end_check", "close"] });
  });

  test("the browser's own question may hide the page", () => {
    expect(advance("asking", "hidden").to).toBe("asking");
  });

  test("every state has a way out", () => {
    for (const state of STATES) expect(Object.keys(TRANSITIONS[state]).length).toBeGreaterThan(0);
    everywhere((state) => expect(STATES).toContain(state));
  });
});
