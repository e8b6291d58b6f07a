import { expect, test } from "vitest";
import { delayS, spreadDelayS } from "../../src/wire/reconnect.ts";
import { vectors } from "../vectors.ts";

interface Cases {
  delays_s: number[];
  spread: { attempt: number; spread_ms: number; fraction: number; delay_s: number }[];
}

const cases = vectors<Cases>("reconnect.json");

test("the times are those of the contract", () => {
  expect(cases.delays_s.map((_, attempt) => delayS(attempt))).toEqual(cases.delays_s);
  expect(delayS(10 ** 6)).toBe(8);
});

test.each(cases.spread)("attempt $attempt spread by $spread_ms ms", (c) => {
  expect(spreadDelayS(c.attempt, c.spread_ms, c.fraction)).toBe(c.delay_s);
});
