import { describe, expect, test } from "vitest";
import { readLabel, readSetupCode, spelled } from "../../src/operator/setup_code.ts";

describe("a setup code", () => {
  test.each([
    "K7QW3MPD",
    "k7qw-3mpd",
    " k7qw 3mpd ",
    "K7QW–3MPD",
    "k.7.q.w.3.m.p.d",
    "Ｋ７ＱＷ３ＭＰＤ",
  ])("is read of %j", (typed) => expect(readSetupCode(typed)).toEqual({ code: "K7QW3MPD" }));

  test("may have an L, and a 9", () => {
    expect(readSetupCode("LLLL9999")).toEqual({ code: "LLLL9999" });
  });

  test.each([
    ["", { fault: "empty" }],
    [" - ", { fault: "empty" }],
    ["K7QW3MP", { fault: "length", count: 7 }],
    ["K7QW3MPDD", { fault: "length", count: 9 }],
    ["K7QW3MPß", { fault: "stray", sign: "ß" }],
    ["K7QW3MPÉ", { fault: "stray", sign: "É" }],
  ])("%j is none", (typed, fault) => expect(readSetupCode(typed)).toEqual(fault));

  test.each(["0", "O", "o", "1", "i", "I"])("never has %s: what it may be is said", (sign) => {
    expect(readSetupCode(`K7QW3MP${sign}`)).toMatchObject({ fault: "look_alike" });
  });
});

test.each([
  ["PARVIS:K7QW3MPD", "K7QW3MPD"],
  ["parvis:k7qw-3mpd\n", "K7QW3MPD"],
  ["K7QW3MPD", "K7QW3MPD"],
  ["PARVIS:", null],
  ["https://parvis.example/r/main", null],
  ["WIFI:S:hall;T:WPA;P:secret;;", null],
])("a label's QR code %j holds %j", (text, code) => expect(readLabel(text)).toBe(code));

test("a fingerprint is four groups of four", () => {
  expect(spelled("abcdefghij234567")).toBe("abcd efgh ij23 4567");
  expect(spelled("abcd efgh ij23 4567")).toBe("abcd efgh ij23 4567");
  expect(spelled("")).toBe("");
});
