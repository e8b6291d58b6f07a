import { describe, expect, test } from "vitest";
import { BadMessage, parseHubMessage } from "../../src/wire/messages.ts";
import { vectors } from "../vectors.ts";

interface Valid {
  direction: "client" | "hub";
  message: { type: string };
}

const valid = vectors<Valid[]>("messages_valid.json");
/** Answers to what pages never ask. */
const NOT_FOR_PAGES = ["time_reply"];
const fromHub = valid
  .filter(({ direction, message }) => direction === "hub" && !NOT_FOR_PAGES.includes(message.type))
  .map((c) => c.message);
const fromClient = valid.filter((c) => c.direction === "client").map((c) => c.message);

describe("messages of the hub", () => {
  test.each(fromHub)("reads $type", (message) => {
    expect(parseHubMessage(JSON.stringify(message))).toEqual(message);
  });

  test.each(fromClient)("refuses a client's $type", (message) => {
    expect(() => parseHubMessage(JSON.stringify(message))).toThrow(BadMessage);
  });

  test.each(fromHub)("refuses $type when any needed key is of the wrong kind", (message) => {
    for (const key of Object.keys(message)) {
      const broken = { ...message, [key]: { unexpected: true } };
      if (JSON.stringify(broken) === JSON.stringify(message)) continue;
      const read = () => parseHubMessage(JSON.stringify(broken));
      // Units and speakers read these; the page does not, and so does not look at them.
      const isUnread = ["stream", "ssrc", "ptime_ms", "bus"].includes(key);
      if (message.type === "welcome" && isUnread) expect(read).not.toThrow();
      else expect(read, key).toThrow(BadMessage);
    }
  });

  test.each(["{", "[]", "null", "3", "{}", '{"type":"constructor"}', '{"type":["ack"]}'])(
    "refuses %s",
    (text) => {
      expect(() => parseHubMessage(text)).toThrow(BadMessage);
    },
  );

  test("refuses a status with a source or an output of the wrong kind", () => {
    const whole = fromHub.filter(({ type }) => type === "status").at(-1);
    const text = JSON.stringify(whole);
    expect(() => parseHubMessage(text)).not.toThrow();
    for (const part of ['"muted":false', '"playing":true', '"kind":"howl"', '"state":"returns"']) {
      expect(text).toContain(part);
      const key = part.split(":")[0];
      expect(() => parseHubMessage(text.replace(part, `${key}:{}`)), part).toThrow(BadMessage);
    }
  });

  test("refuses a room with any part of the wrong kind", () => {
    const whole = fromHub.find(({ type }) => type === "snapshot") as unknown as { view: object };
    for (const part of Object.keys(whole.view)) {
      const broken = { ...whole, view: { ...whole.view, [part]: 0.5 } };
      expect(() => parseHubMessage(JSON.stringify(broken)), part).toThrow(BadMessage);
    }
  });

  test("reads every change of the room's vectors, and refuses each when a key is of the wrong kind", () => {
    type Step = { seq: number; event: Record<string, unknown> };
    const { evenings } = vectors<{ evenings: Record<string, { steps: Step[] }> }>("room_view.json");
    for (const { seq, event } of Object.values(evenings).flatMap(({ steps }) => steps)) {
      const change = { type: "change", seq, room_clock: 1, event };
      expect(parseHubMessage(JSON.stringify(change))).toEqual(change);
      for (const key of Object.keys(event)) {
        const broken = { ...change, event: { ...event, [key]: { unexpected: true } } };
        const read = () => parseHubMessage(JSON.stringify(broken));
        expect(read, `${event.type}.${key}`).toThrow(BadMessage);
      }
    }
  });

  test("leaves keys of later versions alone", () => {
    const text = '{"type":"failure","code":4000,"text":"no","later":1}';
    expect(parseHubMessage(text)).toMatchObject({ code: 4000 });
  });
});
