import { describe, expect, test } from "vitest";
import { noticeAfter } from "../../src/audience/notice.ts";
import type { LowerReason } from "../../src/wire/messages.ts";
import { handOf } from "../rooms.ts";

const REASONS: LowerReason[] = [
  "dismissed",
  "answered",
  "off_topic",
  "no_time",
  "later",
  "absent",
  "no_answer",
  "blocked",
  "closed",
  "overridden",
];
const lowered = (participant: string, reason: LowerReason | null) =>
  ({ type: "hand_lowered", participant, reason }) as const;

describe("what happened to one's own hand", () => {
  test.each(REASONS)("lowered because %s is said in words of its own", (reason) => {
    expect(noticeAfter(null, lowered("me", reason), "me")).toBe(`why.${reason}`);
    const released = { type: "floor_released", participant: "me", reason } as const;
    expect(noticeAfter(null, released, "me")).toBe(`why.${reason}`);
  });

  test("what one did oneself needs no words, and ends older ones", () => {
    expect(noticeAfter("why.later", lowered("me", null), "me")).toBeNull();
  });

  test("what happens to others changes nothing", () => {
    expect(noticeAfter("why.later", lowered("you", "no_time"), "me")).toBe("why.later");
    expect(noticeAfter(null, lowered("you", "no_time"), "me")).toBeNull();
    expect(noticeAfter("why.later", { type: "silenced", on: true }, "me")).toBe("why.later");
  });

  test("a grant that was not taken and a broken connection are told apart", () => {
    const returned = (passed: boolean) =>
      ({ type: "floor_returned", participant: "me", place: 1, passed }) as const;
    expect(noticeAfter(null, returned(true), "me")).toBe("why.passed_on");
    expect(noticeAfter(null, returned(false), "me")).toBe("why.dropped");
  });

  test("a new hand or a grant begins anew", () => {
    const raised = { type: "hand_raised", hand: handOf("me"), place: null, rule: null } as const;
    expect(noticeAfter("why.later", raised, "me")).toBeNull();
    expect(noticeAfter("why.later", { ...raised, hand: handOf("you") }, "me")).toBe("why.later");
    const granted = {
      type: "floor_granted",
      participant: "me",
      at: 1,
      place: null,
      place_name: null,
      rule: null,
    } as const;
    expect(noticeAfter("why.later", granted, "me")).toBeNull();
  });
});
