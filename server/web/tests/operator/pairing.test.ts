import { describe, expect, test } from "vitest";
import { readUnits, type Units } from "../../src/operator/answers.ts";
import { newsOf, Presses, refusalOf, stepOf } from "../../src/operator/pairing.ts";
import { pairedUnit, waitingUnit } from "./hub.ts";

const units = (waiting: object[], paired: object[] = []): Units =>
  readUnits({ waiting, paired }) as Units;

describe("a step", () => {
  test.each([
    ["waiting", "waiting", null],
    ["asked", "asked", null],
    ["wrong_code", "wrong_code", null],
    ["press", "press", null],
    ["refused:no_code", "refused", "no_code"],
    ["of a later hub", "waiting", null],
  ])("%s is %s", (state, step, why) => {
    expect(stepOf({ state })).toBe(step);
    expect(refusalOf({ state })).toBe(why);
  });
});

test("the press is counted down from when it was first awaited, and anew the next time", () => {
  const presses = new Presses();
  const { waiting } = units([waitingUnit({ state: "press" })]);
  const unit = waiting[0]?.unit as string;
  expect(presses.leftS(unit, 0)).toBeNull();
  presses.note(waiting, 1000);
  presses.note(waiting, 2000);
  expect(presses.leftS(unit, 1000)).toBe(120);
  expect(presses.leftS(unit, 31_500)).toBe(90);
  expect(presses.leftS(unit, 999_000)).toBe(0);
  presses.note([], 3000);
  expect(presses.leftS(unit, 3000)).toBeNull();
  presses.note(waiting, 60_000);
  expect(presses.leftS(unit, 60_000)).toBe(120);
});

describe("news", () => {
  const news = (before: Units | null, now: Units) =>
    newsOf(before, now).map(({ what, name, why }) => [what, name, why]);

  test("are none at first, and none when nothing changed", () => {
    const one = units([waitingUnit()]);
    expect(news(null, one)).toEqual([]);
    expect(news(one, one)).toEqual([]);
  });

  test("tell who comes and who leaves", () => {
    expect(news(units([]), units([waitingUnit()]))).toEqual([["came", "Table 1", ""]]);
    expect(news(units([waitingUnit()]), units([]))).toEqual([["left", "Table 1", ""]]);
    expect(news(units([], [pairedUnit()]), units([]))).toEqual([["gone", "Table 1", ""]]);
  });

  test("tell each step that wants something, the code on its way is none", () => {
    const step = (state: string, tries_left = 5) => units([waitingUnit({ state, tries_left })]);
    expect(news(step("waiting"), step("asked"))).toEqual([]);
    expect(news(step("asked"), step("press"))).toEqual([["press", "Table 1", ""]]);
    expect(news(step("asked"), step("wrong_code", 4))).toEqual([["wrong_code", "Table 1", ""]]);
    expect(news(step("wrong_code", 4), step("wrong_code", 3))).toEqual([
      ["wrong_code", "Table 1", ""],
    ]);
    expect(news(step("press"), step("refused:not_pressed"))).toEqual([
      ["refused", "Table 1", "not_pressed"],
    ]);
  });

  test("a unit that is paired has not left", () => {
    const now = units([], [pairedUnit()]);
    expect(news(units([waitingUnit({ state: "press" })]), now)).toEqual([
      ["paired", "Table 1", ""],
    ]);
  });
});
