import { describe, expect, test } from "vitest";
import { cleanName } from "../../src/audience/name.ts";
import { type Situation, stateWords } from "../../src/audience/state_words.ts";
import { ownTurn } from "../../src/audience/turn.tsx";
import { roomWith, turnOf } from "../rooms.ts";
import { vectors } from "../vectors.ts";

const LIVE: Situation = {
  audio: "live",
  link: "open",
  hasJoined: true,
  hasSound: true,
  isLost: false,
  isVenueAway: false,
  hasVoice: true,
};

describe("the words of the state", () => {
  test.each<[Partial<Situation>, string]>([
    [{}, "state.live"],
    [{ hasVoice: false }, "state.quiet"],
    [{ hasSound: false }, "state.waiting"],
    [{ isLost: true }, "state.stalled"],
    [{ link: "stalled" }, "state.stalled"],
    [{ isVenueAway: true }, "venue.waiting"],
    [{ isVenueAway: true, link: "stalled", isLost: true }, "venue.waiting"],
    [{ isVenueAway: true, link: "reconnecting" }, "state.reconnecting"],
    [{ isVenueAway: true, audio: "idle" }, "state.idle"],
    [{ isVenueAway: true, audio: "idle", link: "reconnecting", hasJoined: false }, "venue.waiting"],
    [{ isVenueAway: true, audio: "suspended" }, "state.suspended"],
    [{ link: "reconnecting" }, "state.reconnecting"],
    [{ link: "reconnecting", hasJoined: false }, "state.unreachable"],
    [{ link: "connecting", hasJoined: false }, "state.connecting"],
    [{ audio: "idle" }, "state.idle"],
    [{ audio: "starting" }, "state.starting"],
    [{ audio: "interrupted", link: "reconnecting" }, "state.interrupted"],
    [{ audio: "suspended" }, "state.suspended"],
    [{ audio: "frozen" }, "state.frozen"],
    [{ audio: "failed" }, "state.failed"],
  ])("%j says %s", (change, words) => {
    expect(stateWords({ ...LIVE, ...change })).toBe(words);
  });
});

describe("a name", () => {
  test.each([
    ["  Zoé  ", "Zoé"],
    ["Zoe\u0301", "Zoé"],
    ["x".repeat(40), "x".repeat(40)],
    ["👩\u200d🚀", "👩\u200d🚀"],
  ])("%j is %j", (text, name) => {
    expect(cleanName(text)).toBe(name);
  });

  test.each(["", "   ", "x".repeat(41), "a\nb", "a\u202eb", "a\u2028b"])("%j is none", (text) => {
    expect(cleanName(text)).toBeNull();
  });

  test("what the hub refuses as a name is refused here", () => {
    const invalid = vectors<{ name: string; text: string }[]>("messages_invalid.json");
    const names = invalid.filter((c) => c.name.includes("name") && c.text.includes("raise_hand"));
    expect(names.length).toBeGreaterThan(2);
    for (const c of names) expect(cleanName(JSON.parse(c.text).name)).toBeNull();
  });
});

test("one's own turn is found by the participant", () => {
  const turn = turnOf("me", { state: "live", unit: "u2", unit_name: "Table 2", ssrc: 2 });
  const view = roomWith({ floor: [turn] });
  expect(ownTurn(view, "me")?.unit_name).toBe("Table 2");
  expect(ownTurn(view, "you")).toBeNull();
  expect(ownTurn(null, "me")).toBeNull();
});
