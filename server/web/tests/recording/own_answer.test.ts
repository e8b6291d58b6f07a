import { describe, expect, it } from "vitest";
import {
  isConcerned,
  isRecorded,
  keptOf,
  maySpeak,
  needsAnswer,
  OwnAnswer,
} from "../../src/recording/own_answer.ts";
import type { Wish } from "../../src/room/commands.ts";
import type { RoomState } from "../../src/room/hub_client.ts";
import { Store } from "../../src/ui/store.ts";
import { recordingOf } from "../recording.ts";
import { handOf, roomWith, turnOf } from "../rooms.ts";

const NOTICE = recordingOf().notice;
const EDITED = recordingOf({ notice: { ...NOTICE, version: "fedcba9876543210" } });
const YES = { recorded: true, published: true };

class Tab {
  readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, text: string) => void this.items.set(key, text);
  removeItem = (key: string) => void this.items.delete(key);
}

function hubOf(participant = "me") {
  const room = new Store({ participant, refused: null } as unknown as RoomState);
  const wishes: Wish[] = [];
  return { room, wishes, wish: (wish: Wish) => void wishes.push(wish) };
}

describe("one's own answer", () => {
  it("is to one recording and one version of its text", () => {
    const hub = hubOf();
    const own = new OwnAnswer(hub, new Tab());
    expect(own.to(recordingOf())).toBeNull();
    own.give(recordingOf(), YES);
    expect(own.to(recordingOf())).toMatchObject(YES);
    expect(own.to(EDITED)).toBeNull();
    expect(own.to(recordingOf({ recording: "20261123T200000Z-2" }))).toBeNull();
    expect(own.to(null)).toBeNull();
    expect(hub.wishes).toEqual([
      { type: "answer_recording", ...YES, text_version: "0123456789abcdef" },
    ]);
  });

  it("is kept for the tab, and for nobody else who comes in it", () => {
    const tab = new Tab();
    new OwnAnswer(hubOf(), tab).give(recordingOf(), YES);
    expect(new OwnAnswer(hubOf(), tab).to(recordingOf())).toMatchObject(YES);
    expect(new OwnAnswer(hubOf("newcomer"), tab).to(recordingOf())).toBeNull();
  });

  it("publishes nobody who may not be recorded", () => {
    const hub = hubOf();
    new OwnAnswer(hub, null).give(recordingOf(), { recorded: false, published: true });
    expect(hub.wishes[0]).toMatchObject({ recorded: false, published: false });
  });

  it.each(["consent_needed", "text_changed"] as const)("is asked again after %s", (code) => {
    const hub = hubOf();
    const own = new OwnAnswer(hub, new Tab());
    own.give(recordingOf(), YES);
    const wish: Wish = { type: "raise_hand" };
    hub.room.set({ refused: { wish, code, figureMs: null } });
    expect(own.to(recordingOf())).toBeNull();
  });

  it("stays when something else is refused", () => {
    const hub = hubOf();
    const own = new OwnAnswer(hub, new Tab());
    own.give(recordingOf(), YES);
    const wish: Wish = { type: "raise_hand" };
    hub.room.set({ refused: { wish, code: "line_full", figureMs: null } });
    expect(own.to(recordingOf())).toMatchObject(YES);
  });

  it.each([null, "", "{}", "[]", "null", '{"recording":1}'])(
    "passes over %s in the tab",
    (text) => {
      expect(keptOf(text)).toBeNull();
    },
  );
});

describe("taking one's voice out", () => {
  const no = { recorded: false, published: false };

  it("is offered to who said yes at some time, and after the recording", () => {
    const hub = hubOf();
    const own = new OwnAnswer(hub, new Tab());
    expect(own.isInOne).toBe(false);
    own.give(recordingOf(), no);
    expect(own.isInOne).toBe(false);
    own.give(recordingOf(), YES);
    own.give(EDITED, no);
    expect(own.isInOne, "what they said before is in it").toBe(true);
    own.give(recordingOf({ recording: "20261123T200000Z-2" }), no);
    expect(own.isInOne, "of another recording").toBe(false);
  });

  it("names the recording, and is a no from then on", () => {
    const hub = hubOf();
    const own = new OwnAnswer(hub, new Tab());
    own.give(recordingOf(), YES);
    own.withdraw();
    expect(hub.wishes.at(-1)).toEqual({
      type: "withdraw_voice",
      recording: "20261123T190000Z-1",
    });
    expect(own.to(recordingOf())).toMatchObject(no);
    expect(own.isInOne).toBe(false);
    own.withdraw();
  });
});

describe("who is asked", () => {
  it("asks for a hand that is to be heard, and for no question in writing", () => {
    const spoken: Wish = { type: "raise_hand", name: "Zoé" };
    expect(needsAnswer(spoken, recordingOf(), null)).toBe(true);
    expect(needsAnswer(spoken, recordingOf(), YES)).toBe(false);
    expect(needsAnswer(spoken, null, null)).toBe(false);
    expect(needsAnswer({ ...spoken, written: true }, recordingOf(), null)).toBe(false);
    expect(needsAnswer({ type: "lower_hand" }, recordingOf(), null)).toBe(false);
  });

  it("asks who waits, who speaks and who sits at a table", () => {
    expect(isConcerned(roomWith(), "me")).toBe(false);
    expect(isConcerned(roomWith({ line: [handOf("me")] }), "me")).toBe(true);
    expect(isConcerned(roomWith({ line: [handOf("me", { written: true })] }), "me")).toBe(false);
    expect(isConcerned(roomWith({ line: [handOf("other")] }), "me")).toBe(false);
    expect(isConcerned(roomWith({ floor: [turnOf("me")] }), "me")).toBe(true);
    const seat = { participant: "me", name: "Zoé", unit: "u1", unit_name: "Table 1" };
    expect(isConcerned(roomWith({ seats: [seat] }), "me")).toBe(true);
  });

  it("lets a no speak where the host allows it", () => {
    const no = { recorded: false, published: false };
    const strict = recordingOf();
    strict.terms.unrecorded_may_speak = false;
    expect(maySpeak(null, null)).toBe(true);
    expect(maySpeak(recordingOf(), null)).toBe(false);
    expect(maySpeak(recordingOf(), no)).toBe(true);
    expect(maySpeak(strict, no)).toBe(false);
    expect(maySpeak(strict, YES)).toBe(true);
  });
});

describe("what one is told of one's own voice", () => {
  const live = turnOf("me", { state: "live", unit: "me-mic", ssrc: 7 });

  it("is what the room says", () => {
    const view = roomWith({ floor: [live], recording: recordingOf({ sources: [7] }) });
    expect(isRecorded(view, "me")).toBe(true);
    expect(isRecorded({ ...view, recording: recordingOf({ sources: [8] }) }, "me")).toBe(false);
  });

  it("is nothing while one does not speak, or nothing is recorded", () => {
    expect(isRecorded(roomWith({ floor: [live] }), "me")).toBeNull();
    expect(isRecorded(roomWith({ recording: recordingOf() }), "me")).toBeNull();
    const waits = roomWith({ floor: [turnOf("me")], recording: recordingOf() });
    expect(isRecorded(waits, "me")).toBeNull();
  });
});
