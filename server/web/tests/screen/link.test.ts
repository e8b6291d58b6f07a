import { beforeEach, describe, expect, test } from "vitest";
import { languageOf, takeLink } from "../../src/screen/link.ts";

let kept: Map<string, string>;
let shown: string[];

const tab = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
};
const history = {
  replaceState: (_: unknown, __: string, url: string) => void shown.push(url),
} as unknown as History;

function take(search: string, hash: string, where: typeof tab | null = tab) {
  return takeLink({ pathname: "/screen", search, hash } as Location, history, where);
}

beforeEach(() => {
  kept = new Map();
  shown = [];
});

describe("the screen's link", () => {
  test("without anything is the default room in its own language", () => {
    expect(take("", "")).toEqual({ room: "main", secret: null, language: null });
    expect(shown).toEqual([]);
  });

  test("names a room and a language", () => {
    expect(take("?lang=fr-CA", "#r=salon")).toEqual({
      room: "salon",
      secret: null,
      language: "fr",
    });
  });

  test("loses its secret, which is kept for this tab and this room", () => {
    expect(take("?lang=en", "#r=salon&k=s3cret").secret).toBe("s3cret");
    expect(shown).toEqual(["/screen?lang=en#r=salon"]);
    expect(take("", "#r=salon").secret).toBe("s3cret");
    expect(take("", "#r=other").secret).toBeNull();
  });

  test("works where nothing may be kept", () => {
    expect(take("", "#r=salon&k=s3cret", null).secret).toBe("s3cret");
  });

  test.each(["#r=a/b", "#r=", "#r=-x", `#r=${"x".repeat(65)}`])("%s is no room", (hash) => {
    expect(take("", hash).room).toBe("main");
  });
});

test("languages are ours or none", () => {
  expect([languageOf("FR"), languageOf("en-GB"), languageOf("de"), languageOf(null)]).toEqual([
    "fr",
    "en",
    null,
    null,
  ]);
});
