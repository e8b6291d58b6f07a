import { expect, test } from "vitest";
import {
  charactersLeft,
  cleanLine,
  isNearlyFull,
  onOneLine,
} from "../../src/audience/line_text.ts";

test("what is pasted stands on one line", () => {
  expect(onOneLine("a\r\nb\tc")).toBe("a b c");
  expect(cleanLine("  a\nb ")).toBe("a b");
});

test("characters are counted as people see them, 280 of them", () => {
  expect(charactersLeft("é".repeat(280))).toBe(0);
  expect(charactersLeft("e\u0301".repeat(280))).toBe(0);
  expect(charactersLeft("🦊")).toBe(279);
  expect(cleanLine("x".repeat(280))).toHaveLength(280);
  expect(cleanLine("x".repeat(281))).toBeNull();
  expect(charactersLeft("x".repeat(281))).toBe(-1);
});

test("nothing to read is not sent, and what could forge a screen is left out", () => {
  expect(cleanLine(" \n ")).toBeNull();
  expect(cleanLine("a\u202eb\u0007")).toBe("ab");
  expect(cleanLine("\u200b")).toBeNull();
});

test("the counter is read aloud when it runs out", () => {
  expect(isNearlyFull(21)).toBe(false);
  expect(isNearlyFull(20)).toBe(true);
});
