import { describe, expect, test } from "vitest";
import { codeOfPath, readCode } from "../../src/rooms/code.ts";

describe("a code", () => {
  test.each([
    "ABC234",
    "abc234",
    " a b c 2 3 4 ",
    "abc-234",
    "ABC–234",
    "ABC.234.",
    "abc\u00a0234",
    "\u200eABC234\u200b",
    "ＡＢＣ２３４",
    "http://hub.local:8080/c/abc234",
    "hub.local/c/ABC234?lang=fr",
  ])("typed as %j is understood", (typed) => {
    expect(readCode(typed)).toEqual({ code: "ABC234" });
  });

  test.each(["", "   ", "- -"])("%j is nothing yet", (typed) => {
    expect(readCode(typed)).toEqual({ fault: "empty" });
  });

  test.each([
    ["ABC23", 5],
    ["ABC2345", 7],
  ])("%s has %i signs", (typed, count) => {
    expect(readCode(typed)).toEqual({ fault: "length", count });
  });

  test.each(["0", "o", "1", "i", "L"])("with a %s is told what that could be", (sign) => {
    const read = readCode(`ABC23${sign}`);
    expect(read).toMatchObject({ fault: "look_alike", sign: sign.toUpperCase() });
    const { likely } = read as { likely: Record<string, string> };
    for (const other of Object.values(likely)) {
      expect(readCode(`ABC23${other}`)).toEqual({ code: `ABC23${other}` });
    }
  });

  test.each(["é", "ß", "%", "𝄞"])("has no %s", (sign) => {
    expect(readCode(`ABC${sign}`)).toMatchObject({ fault: "stray" });
  });
});

describe("the address", () => {
  test.each([
    ["/c/abc234", "abc234"],
    ["/c/abc%20234", "abc 234"],
    ["/c/%E0%A4%A", "%E0%A4%A"],
    ["/c/", ""],
    ["/c", ""],
    ["/", ""],
    ["/c/a/b", ""],
  ])("%s gives %j", (path, code) => {
    expect(codeOfPath(path)).toBe(code);
  });
});
