import { afterEach, expect, test, vi } from "vitest";
import { takeHostKey } from "../../src/host/key.ts";

afterEach(() => vi.unstubAllGlobals());

/** The tab's storage; null: the browser refuses it. */
function tab(kept: Map<string, string> | null) {
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => {
      if (kept === null) throw new Error("refused");
      return kept.get(key) ?? null;
    },
    setItem: (key: string, value: string) => {
      if (kept === null) throw new Error("refused");
      kept.set(key, value);
    },
  });
}

function take(hash: string) {
  const replaced: unknown[] = [];
  const history = {
    replaceState: (_: unknown, __: string, url: string) => replaced.push(url),
  } as unknown as History;
  const key = takeHostKey({ hash, pathname: "/host" } as Location, history);
  return { key, replaced };
}

test("the key is taken from the fragment, wiped from the address, and kept for the tab", () => {
  tab(new Map());
  const key = { room: "main", secret: "s3-cret_" };
  expect(take("#k=s3-cret_")).toEqual({ key, replaced: ["/host"] });
  expect(take("")).toEqual({ key, replaced: [] });
});

test("a link names its room when it is another one", () => {
  tab(new Map());
  expect(take("#r=evening&k=abc").key).toEqual({ room: "evening", secret: "abc" });
  expect(take("").key).toEqual({ room: "evening", secret: "abc" });
});

test("what an older page kept for the tab is no key", () => {
  tab(new Map([["parvis.host", "s3-cret_"]]));
  expect(take("").key).toBeNull();
});

test("without a key there is none", () => {
  tab(new Map());
  expect(take("").key).toBeNull();
  expect(take("#k=").key).toBeNull();
  expect(take("#other=1").key).toBeNull();
});

test("a browser that refuses storage still lets the host in", () => {
  tab(null);
  expect(take("#k=s3cret").key?.secret).toBe("s3cret");
  expect(take("").key).toBeNull();
});
