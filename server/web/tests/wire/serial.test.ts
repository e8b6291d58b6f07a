import { describe, expect, test } from "vitest";
import { add, distance, isLater, Unwrapper } from "../../src/wire/serial.ts";
import { vectors } from "../vectors.ts";

interface Case {
  bits: number;
  origin: number;
  value: number;
  distance: number;
}

describe("serial numbers", () => {
  test.each(vectors<Case[]>("serial.json"))("$origin to $value of $bits bits", (c) => {
    expect(distance(c.origin, c.value, c.bits)).toBe(c.distance);
    expect(isLater(c.value, c.origin, c.bits)).toBe(c.distance > 0);
    expect(add(c.origin, c.distance, c.bits)).toBe(c.value);
  });

  test("unwrapping counts on over the end of the circle, both ways", () => {
    const line = new Unwrapper(16);
    expect([65_534, 65_535, 0, 65_533, 3].map((value) => line.unwrap(value))).toEqual([
      65_534, 65_535, 65_536, 65_533, 65_539,
    ]);
  });
});
