import { describe, expect, test } from "vitest";
import { Places, placeOrigin, placesOf } from "../../src/room/places.ts";

const HUB = "ws://hub:8080";

/** The same chance at every run (Numerical Recipes' generator). */
function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("a place", () => {
  test.each([
    [":8081", HUB, "ws://hub:8081"],
    [":1", "wss://room.example", "wss://room.example:1"],
    [":443", "wss://room.example:8443", "wss://room.example"],
    [":8081", "ws://[::1]:8080", "ws://[::1]:8081"],
    ["/e/1", "wss://room.example", "wss://room.example/e/1"],
    ["/e/12", HUB, "ws://hub:8080/e/12"],
    ["https://e2.example", HUB, "wss://e2.example"],
    ["https://E2.example:443", HUB, "wss://e2.example"],
    ["http://e2.example:8080", HUB, "ws://e2.example:8080"],
    ["http://[fd00::1]:8080", HUB, "ws://[fd00::1]:8080"],
  ])("%j seen from %s is %s", (place, own, origin) => {
    expect(placeOrigin(place, own)).toBe(origin);
  });

  test.each([
    "",
    ":",
    ":0",
    ":65536",
    ":99999",
    ":8081/",
    ":80@evil.example",
    ": 8081",
    ":8081\n",
    "/e/",
    "/e/123",
    "/e/1/../..",
    "/e/1?x",
    "//evil.example",
    "/evil",
    "javascript:alert(1)",
    "ws://evil.example",
    "https://",
    "https://a.example/b",
    "https://user@evil.example",
    "https://user:secret@evil.example",
    "https://evil.example#k",
    "https://[::1",
    "https://a.example:99999",
    "https://a b",
    "HTTPS://a.example",
    `https://${"a".repeat(300)}`,
    null,
    8081,
    {},
    ["/e/1"],
  ])("%j is none", (place) => {
    expect(placeOrigin(place, HUB)).toBeNull();
  });

  test("of plain http is none for an encrypted page", () => {
    expect(placeOrigin("http://e2.example", "wss://room.example")).toBeNull();
  });
});

describe("the hub's answer", () => {
  test("is read in its order, each place once, without what is none", () => {
    const edges = ["/e/2", "//evil.example", ":8081", 7, "/e/2", "http://hub:8081"];
    expect(placesOf({ edges }, HUB)).toEqual([`${HUB}/e/2`, "ws://hub:8081"]);
  });

  test("is drawn from in proportion to the weights: a crowd with one answer is spread", () => {
    const answer = { edges: [":1", ":2", ":3", ":4"], weights: [4000, 2000, 1000, 0] };
    const went = new Map<string, number>();
    const random = lcg(7);
    for (let join = 0; join < 10_000; join++) {
      const [first, ...others] = placesOf(answer, HUB, random);
      went.set(first ?? "", (went.get(first ?? "") ?? 0) + 1);
      expect(others.at(-1)).toBe("ws://hub:4");
    }
    for (const [origin, share] of [
      ["ws://hub:1", 4 / 7],
      ["ws://hub:2", 2 / 7],
      ["ws://hub:3", 1 / 7],
    ] as const) {
      expect(Math.abs((went.get(origin) ?? 0) / (10_000 * share) - 1)).toBeLessThan(0.1);
    }
    expect(went.has("ws://hub:4")).toBe(false);
  });

  test.each([[["much"]], [[-1, 5, null]], [[Number.NaN]], ["5"], [{ 0: 1 }], [[1]]])(
    "with weights that are none (%j) still names every place",
    (weights) => {
      const answer = { edges: [":1", ":2", ":3"], weights };
      const places = placesOf(answer, HUB, lcg(1)).sort();
      expect(places).toEqual(["ws://hub:1", "ws://hub:2", "ws://hub:3"]);
    },
  );

  test("is bounded", () => {
    const edges = Array.from({ length: 5000 }, (_, index) => `:${index + 1}`);
    expect(placesOf({ edges }, HUB)).toHaveLength(32);
  });

  test.each([null, 5, "x", [], {}, { edges: "x" }, { edges: null }, { edges: {} }])(
    "%j names no place",
    (answer) => {
      expect(placesOf(answer, HUB)).toEqual([]);
    },
  );
});

describe("the next place", () => {
  const known = ["ws://a", "ws://b"];

  function placesWith(origins: string[]): Places {
    const places = new Places(HUB);
    places.learn(origins);
    return places;
  }

  test("is the page's own host when none is known", () => {
    expect(placesWith([]).next(0)).toBe(HUB);
  });

  test("is the best that did not fail, the own host at last, then the one that failed first", () => {
    const places = placesWith(known);
    const tried: string[] = [];
    for (let nowMs = 0; nowMs < 5; nowMs++) {
      tried.push(places.next(nowMs));
      places.failed(places.next(nowMs), nowMs);
    }
    expect(tried).toEqual(["ws://a", "ws://b", HUB, "ws://a", "ws://b"]);
  });

  test("is tried again after half a minute", () => {
    const places = placesWith(known);
    places.failed("ws://a", 0);
    expect(places.next(29_999)).toBe("ws://b");
    expect(places.next(30_000)).toBe("ws://a");
  });

  test("besides the one of now is none when all others failed", () => {
    const places = placesWith(known);
    expect(places.other("ws://a", 0)).toBe("ws://b");
    places.failed("ws://b", 0);
    expect(places.other("ws://a", 0)).toBe(HUB);
    places.failed(HUB, 0);
    expect(places.other("ws://a", 0)).toBeNull();
  });

  test("is never one that the hub no longer names", () => {
    const places = placesWith(known);
    places.failed("ws://a", 0);
    places.learn(["ws://b"]);
    places.failed("ws://b", 1);
    places.failed(HUB, 2);
    expect(places.next(3)).toBe("ws://b");
  });
});
