import { describe, expect, test } from "vitest";
import { forgetSeat, roomOf, takeRoomLink } from "../../src/audience/link.ts";

class Tab {
  readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

function take(hash: string, tab: Tab | null = new Tab(), pathname = "/r/soiree") {
  const shown: string[] = [];
  const location = { hash, pathname, search: "" } as Location;
  const history = { replaceState: (_: null, __: string, url: string) => shown.push(url) };
  return { link: takeRoomLink(location, history as unknown as History, tab), shown };
}

describe("a link", () => {
  test("without a secret says the room, and stays as it is", () => {
    const { link, shown } = take("");
    expect(link).toEqual({ room: "soiree", secret: null, seat: null });
    expect(shown).toEqual([]);
  });

  test("keeps its secrets for the tab and leaves none in the address bar", () => {
    const tab = new Tab();
    const { link, shown } = take("#k=s3cret&seat=t4ble", tab);
    expect(link).toEqual({ room: "soiree", secret: "s3cret", seat: "t4ble" });
    expect(shown).toEqual(["/r/soiree"]);
    expect(take("", tab).link).toEqual(link);
    expect(take("", tab, "/r/other").link.secret).toBeNull();
  });

  test("to a table is dealt with once", () => {
    const tab = new Tab();
    take("#seat=t4ble", tab);
    forgetSeat("soiree", tab);
    expect(take("", tab).link.seat).toBeNull();
  });

  test.each(["#seat=abc", "#seat=a/b/c/d", `#k=${"x".repeat(257)}`, "#k=&seat="])(
    "%s is not whole: it says nothing",
    (hash) => {
      expect(take(hash).link).toEqual({ room: "soiree", secret: null, seat: null });
    },
  );

  test("works where nothing may be kept", () => {
    expect(take("#k=s3cret", null).link.secret).toBe("s3cret");
    expect(take("", null).link.secret).toBeNull();
  });

  test.each([
    ["/r/main", "main"],
    ["/r/a-b-2/", "a-b-2"],
    ["/", "main"],
    ["/r/../x", "main"],
  ])("%s is the room %s", (path, room) => {
    expect(roomOf(path)).toBe(room);
  });
});
