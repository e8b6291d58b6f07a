import { describe, expect, test } from "vitest";
import { BadMessage, parseHubMessage } from "../../src/wire/messages.ts";
import { vectors } from "../vectors.ts";

interface Valid {
  direction: "client" | "hub";
  message: { type: string };
}

const valid = vectors<Valid[]>("messages_valid.json");
const fromHub = valid.filter((c) => c.direction === "hub").map((c) => c.message);
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
      // Units read these two; the page does not, and so does not look at them.
      if (key === "stream" || key === "ssrc") expect(read).not.toThrow();
      else expect(read, key).toThrow(BadMessage);
    }
  });

  test.each(["{", "[]", "null", "3", "{}", '{"type":"constructor"}', '{"type":["ack"]}'])(
    "refuses %s",
    (text) => {
      expect(() => parseHubMessage(text)).toThrow(BadMessage);
    },
  );

  test("leaves keys of later versions alone", () => {
    const text = '{"type":"failure","code":4000,"text":"no","later":1}';
    expect(parseHubMessage(text)).toMatchObject({ code: 4000 });
  });
});
