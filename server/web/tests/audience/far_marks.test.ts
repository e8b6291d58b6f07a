import { expect, test } from "vitest";
import { farMarks } from "../../src/audience/line.tsx";
import { roomWith, turnOf } from "../rooms.ts";

test("who speaks from far away is told, and who of them is muted", () => {
  const far = { speaks: true, state: "live", ssrc: 7 } as const;
  const floor = [
    turnOf("a", { ...far, unit: "a-mic", ssrc: 1 }),
    turnOf("b", { ...far, unit: "b-mic", ssrc: 2, muted: "self" }),
    turnOf("c", { ...far, unit: "u1", unit_name: "Table 1", ssrc: 3 }),
    turnOf("d", { speaks: true }),
  ];
  expect([...farMarks(roomWith({ floor }))]).toEqual([
    [1, "speaking.far"],
    [2, "speaking.muted"],
  ]);
});
