import { describe, expect, test } from "vitest";
import { canReply, handWords, modeWords, ownHand } from "../../src/audience/hand_state.ts";
import { turnWords } from "../../src/audience/turn.tsx";
import { handOf, roomWith, rulesWith, turnOf } from "../rooms.ts";

describe("one's own hand", () => {
  test("has the place that everybody sees", () => {
    const view = roomWith({ line: [handOf("a"), handOf("me"), handOf("b")] });
    expect(ownHand(view, "me")?.place).toBe(2);
    expect(ownHand(view, "c")).toBeNull();
    expect(ownHand(view, null)).toBeNull();
  });
});

describe("the words of the hand's button", () => {
  test.each([
    [false, false, "hand.raise"],
    [false, true, "venue.waiting"],
    [true, false, "hand.sending"],
    [true, true, "hand.sending"],
  ] as const)("while something waits: %s, while the venue is away: %s, are %s", (...now) => {
    const [isWaiting, isVenueAway, words] = now;
    expect(handWords(isWaiting, isVenueAway, "hand.raise")).toBe(words);
  });
});

describe("a right of reply", () => {
  const speaks = (who: string) => roomWith({ floor: [turnOf(who, { state: "live" })] });

  test("is there while somebody else speaks", () => {
    expect(canReply(speaks("a"), "me")).toBe(true);
    expect(canReply(speaks("me"), "me")).toBe(false);
    expect(canReply(roomWith({ floor: [turnOf("a")] }), "me")).toBe(false);
  });

  test("is not there when the rules give none, or no hands are taken", () => {
    expect(canReply({ ...speaks("a"), rules: rulesWith({ replies: false }) }, "me")).toBe(false);
    expect(canReply({ ...speaks("a"), rules: rulesWith({ takes_hands: false }) }, "me")).toBe(
      false,
    );
  });
});

describe("how the floor is given", () => {
  test("each mode has its sentence; without a host the line moves by itself", () => {
    expect(modeWords(roomWith())).toBe("way.host");
    expect(modeWords(roomWith({ autopilot: true }))).toBe("way.autopilot");
    const voice = rulesWith({ mode: "voice" });
    expect(modeWords(roomWith({ rules: voice, autopilot: true }))).toBe("way.voice");
  });
});

describe("one's own turn", () => {
  const words = (turn: Parameters<typeof turnWords>[1]) =>
    turnWords((key, values) => [key, values?.table].filter(Boolean).join(" "), turn);

  test("names the table to go to, or the one where one sits", () => {
    const place = { place: "u2", place_name: "Table 2" };
    expect(words(turnOf("me", place)).heading).toBe("turn.go_to Table 2");
    expect(words(turnOf("me", { ...place, surface: "unit" })).hint).toBe("turn.press Table 2");
    expect(words(turnOf("me")).hint).toBe("turn.go");
    expect(words(turnOf("me", { written: true })).hint).toBe("turn.soon_read");
  });

  test("says where one is heard, and when the table is away", () => {
    const live = { state: "live", unit: "u2", unit_name: "Table 2", ssrc: 7 } as const;
    expect(words(turnOf("me", live)).heading).toBe("turn.live_at Table 2");
    expect(words(turnOf("me", { ...live, away: true })).hint).toBe("turn.away");
    expect(words(turnOf("me", { ...live, unit_name: null })).heading).toBe("turn.live");
    const read = turnOf("me", { state: "live", written: true, text: "Qui paie ?" });
    expect(words(read)).toEqual({ heading: "turn.reading", hint: "Qui paie ?" });
  });
});
