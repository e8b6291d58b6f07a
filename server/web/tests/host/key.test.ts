import { afterEach, expect, test, vi } from "vitest";
import { takeHostSecret } from "../../src/host/key.ts";

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
  const secret = takeHostSecret({ hash, pathname: "/host" } as Location, history);
  return { secret, replaced };
}

test("the key is taken from the fragment, wiped from the address, and kept for the tab", () => {
  tab(new Map());
  expect(take("#k=s3-cret_")).toEqual({ secret: "s3-cret_", replaced: ["/host"] });
  expect(take("")).toEqual({ secret: "s3-cret_", replaced: [] });
});

test("without a key there is none", () => {
  tab(new Map());
  expect(take("").secret).toBeNull();
  expect(take("#k=").secret).toBeNull();
  expect(take("#other=1").secret).toBeNull();
});

test("a browser that refuses storage still lets the host in", () => {
  tab(null);
  expect(take("#k=s3cret").secret).toBe("s3cret");
  expect(take("").secret).toBeNull();
});
