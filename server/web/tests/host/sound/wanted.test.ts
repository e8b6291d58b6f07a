import { expect, test } from "vitest";
import { Wanted } from "../../../src/host/sound/wanted.ts";

const start = () => {
  const wanted = new Wanted<number>((asked, told) => asked === told);
  wanted.ask("gain", 5, 0);
  return wanted;
};

test("what was asked is shown until the status says the same", () => {
  const wanted = start();
  wanted.review(
    () => 3,
    () => false,
    500,
  );
  expect(wanted.of("gain")).toBe(5);
  wanted.review(
    () => 5,
    () => false,
    1000,
  );
  expect(wanted.of("gain")).toBeUndefined();
});

test("somebody else's other will is shown after three seconds, but not before the answer", () => {
  const wanted = start();
  wanted.review(
    () => 3,
    () => true,
    60_000,
  );
  expect(wanted.of("gain")).toBe(5);
  wanted.review(
    () => 3,
    () => false,
    3001,
  );
  expect(wanted.of("gain")).toBeUndefined();
});

test("a refusal, and the end of the thing itself, forget it", () => {
  const wanted = start();
  wanted.drop("gain");
  expect(wanted.of("gain")).toBeUndefined();
  wanted.ask("gain", 6, 0);
  wanted.review(
    () => undefined,
    () => true,
    10,
  );
  expect(wanted.of("gain")).toBeUndefined();
});
