import { describe, expect, test } from "vitest";
import { Bubbles, MAX_BUBBLES, MAX_OWN_PER_SECOND } from "../../src/audience/bubbles.ts";
import type { Pulse } from "../../src/wire/messages.ts";

const pulse = (reactions: Pulse["reactions"]): Pulse => ({
  type: "pulse",
  listeners: null,
  in_hall: null,
  reactions,
  yes: null,
});

describe("bubbles", () => {
  test("however many clap, one bubble says how many, the most frequent first", () => {
    const risen = new Bubbles().ofPulse(pulse({ heart: 2, clap: 900 }));
    expect(risen.map(({ reaction, count }) => [reaction, count])).toEqual([
      ["clap", 900],
      ["heart", 2],
    ]);
    expect(risen.length).toBeLessThanOrEqual(MAX_BUBBLES);
  });

  test("one's own are not shown twice", () => {
    const bubbles = new Bubbles();
    bubbles.ownReaction("clap");
    expect(bubbles.ofPulse(pulse({ clap: 1 }))).toEqual([]);
    expect(bubbles.ofPulse(pulse({ clap: 1 }))).toHaveLength(1);
  });

  test("one person's are as many as the hub counts", () => {
    const bubbles = new Bubbles();
    for (let i = 0; i < MAX_OWN_PER_SECOND; i++) expect(bubbles.ownReaction("yes")).not.toBeNull();
    expect(bubbles.ownReaction("yes")).toBeNull();
    bubbles.forgetOwn();
    expect(bubbles.ownReaction("yes")).not.toBeNull();
  });

  test("a kind that a later hub may count is passed over, and each has an id of its own", () => {
    const bubbles = new Bubbles();
    const risen = bubbles.ofPulse(pulse({ wow: 3, no: 1, yes: 1 }));
    expect(new Set(risen.map((one) => one.id)).size).toBe(2);
  });
});
