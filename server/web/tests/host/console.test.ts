import { describe, expect, test } from "vitest";
import { HostApi } from "../../src/host/api.ts";
import { isHostUnit, lastAsked, rulesShown, silenceShown } from "../../src/host/asked.ts";
import { steps } from "../../src/host/head/phase.ts";
import { codeOf } from "../../src/host/invites/code.ts";
import { strangerNames } from "../../src/host/join/names.ts";
import { actOf, isTextField } from "../../src/host/keys/keys.ts";
import { rankOf, runners } from "../../src/host/people/heirs.ts";
import { shareList } from "../../src/host/people/shares.ts";
import { timesToChoose } from "../../src/host/rules/words.ts";
import { Hold, TAP_MS } from "../../src/host/silence/hold.ts";
import type { Wish } from "../../src/room/commands.ts";
import { inOrder, readPeople } from "../../src/room/people.ts";
import { roomWith, rulesWith } from "../rooms.ts";

const waiting = (...wishes: Wish[]) => wishes.map((wish, index) => ({ id: `c${index}`, wish }));

describe("what was asked is shown until it is answered", () => {
  const rules = rulesWith({ cap: 3 });

  test("rules", () => {
    expect(rulesShown(roomWith(), [])).toEqual(rulesWith({}));
    expect(rulesShown(roomWith(), waiting({ type: "set_rules", rules }))).toEqual(rules);
  });

  test("the last of several", () => {
    const asked = waiting({ type: "silence_all", on: true }, { type: "silence_all", on: false });
    expect(silenceShown(roomWith({ silenced: true }), asked)).toBe(false);
    expect(lastAsked(asked, "next")).toBeNull();
  });

  test("of the unit in question", () => {
    const view = roomWith({ host_units: ["u1"] });
    const asked = waiting({ type: "set_host_unit", unit: "u2", on: true });
    expect(isHostUnit(view, asked, "u1")).toBe(true);
    expect(isHostUnit(view, asked, "u2")).toBe(true);
    expect(isHostUnit(view, asked, "u3")).toBe(false);
  });
});

describe("the silence", () => {
  test("lasts as long as it is held", () => {
    const hold = new Hold();
    expect(hold.press(false, 0)).toBe(true);
    expect(hold.isHeld).toBe(true);
    expect(hold.release(TAP_MS)).toBe(false);
    expect(hold.isHeld).toBe(false);
  });

  test("stays after a tap, and the next one takes it away, however long", () => {
    const hold = new Hold();
    expect([hold.press(false, 0), hold.release(TAP_MS - 1)]).toEqual([true, null]);
    expect([hold.press(true, 1000), hold.release(9000)]).toEqual([null, false]);
  });

  test("ends when the page loses sight of the finger, but not what was on before", () => {
    const hold = new Hold();
    hold.press(false, 0);
    expect(hold.cancel()).toBe(false);
    hold.press(true, 0);
    expect(hold.cancel()).toBeNull();
  });

  test("is one press: a key on top of a finger, or a release of nothing, says nothing", () => {
    const hold = new Hold();
    expect(hold.release(5)).toBeNull();
    expect(hold.cancel()).toBeNull();
    hold.press(false, 0);
    expect(hold.press(true, 100)).toBeNull();
  });
});

describe("phases", () => {
  const ways = (...args: Parameters<typeof steps>) => steps(...args).map(({ to }) => to);

  test("lead on, and end for good", () => {
    expect(ways("scheduled", "host")).toEqual(["live", "backstage"]);
    expect(ways("backstage", "host")).toEqual(["live", "ended"]);
    expect(ways("live", "host")).toEqual(["backstage", "ended"]);
    expect(ways("ended", "host")).toEqual([]);
  });

  test("a co-host does not end the room", () => {
    expect(ways("live", "cohost")).toEqual(["backstage"]);
  });

  test("only the end is asked twice", () => {
    expect(steps("live", "host").map(({ isFinal }) => isFinal)).toEqual([false, true]);
  });
});

describe("talk time", () => {
  const shares = (stage_ms: number, hall_ms: number, phones_ms: number) =>
    shareList({ stage_ms, hall_ms, phones_ms })?.map(({ percent }) => percent) ?? null;

  test("adds up to a hundred, however it is rounded", () => {
    expect(shares(1, 1, 1)?.reduce((sum, one) => sum + one, 0)).toBe(100);
    expect(shares(2, 1, 0)).toEqual([67, 33, 0]);
    expect(shares(999, 1, 0)).toEqual([100, 0, 0]);
  });

  test("is nothing as long as nobody spoke", () => {
    expect(shares(0, 0, 0)).toBeNull();
  });
});

describe("who runs the room", () => {
  const view = roomWith({
    acting: "c1",
    hosts: [
      { participant: "c1", name: "Ada", rank: "cohost" },
      { participant: "h1", name: null, rank: "host" },
      { participant: "c2", name: "Ben", rank: "cohost" },
    ],
  });

  test("co-hosts are heirs in their order", () => {
    expect(runners(view, "c2").map(({ heir }) => heir)).toEqual([1, null, 2]);
    expect(runners(view, "c2").map(({ isMe }) => isMe)).toEqual([false, false, true]);
    expect(runners(view, "c2").map(({ isActing }) => isActing)).toEqual([true, false, false]);
  });

  test("my rank is that of my id", () => {
    expect(rankOf(view, "h1")).toBe("host");
    expect(rankOf(view, "nobody")).toBeNull();
    expect(rankOf(view, null)).toBeNull();
  });
});

describe("the audience's list", () => {
  test("is read, and what is no person passed over", () => {
    const people = [{ participant: "a", name: "Ada", in_hall: true }, { name: "?" }, null];
    expect(readPeople({ people })).toEqual([
      { participant: "a", name: "Ada", avatar: null, in_hall: true, invited: false },
    ]);
    expect(readPeople({ people: [] })).toEqual([]);
    expect(readPeople(null)).toBeNull();
    expect(readPeople({ people: "none" })).toBeNull();
  });

  test("shows the invited first, then by name", () => {
    const person = (name: string, invited = false) => ({
      participant: name,
      name,
      avatar: null,
      in_hall: false,
      invited,
    });
    const shown = inOrder([person("Zoé"), person("Éva"), person("Noé", true)], "fr");
    expect(shown.map(({ name }) => name)).toEqual(["Noé", "Éva", "Zoé"]);
  });
});

describe("keys", () => {
  const stroke = (key: string, more = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...more,
  });

  test.each([
    ["n", "next"],
    ["N", "next"],
    ["s", "silence"],
    ["u", "undo"],
    ["?", "help"],
    ["x", null],
    ["constructor", null],
  ])("%s is for %s", (key, act) => {
    expect(actOf(stroke(key), false, true)).toBe(act);
  });

  test("nothing happens while somebody types, letters off leave Ctrl+Z", () => {
    expect(actOf(stroke("n"), true, true)).toBeNull();
    expect(actOf(stroke("z", { ctrlKey: true }), true, true)).toBeNull();
    expect(actOf(stroke("n"), false, false)).toBeNull();
    expect(actOf(stroke("z", { metaKey: true }), false, false)).toBe("undo");
    expect(actOf(stroke("n", { ctrlKey: true }), false, true)).toBeNull();
    expect(actOf(stroke("n", { altKey: true }), false, true)).toBeNull();
  });

  test("text goes to fields, not to buttons", () => {
    expect(isTextField({ tagName: "INPUT", type: "text" })).toBe(true);
    expect(isTextField({ tagName: "TEXTAREA" })).toBe(true);
    expect(isTextField({ tagName: "SELECT" })).toBe(true);
    expect(isTextField({ tagName: "DIV", isContentEditable: true })).toBe(true);
    expect(isTextField({ tagName: "INPUT", type: "checkbox" })).toBe(false);
    expect(isTextField({ tagName: "BUTTON", type: "button" })).toBe(false);
  });
});

test("a time that another page set can be kept", () => {
  expect(timesToChoose(60)).toEqual([null, 30, 60, 120, 180, 300, 600]);
  expect(timesToChoose(90)).toEqual([null, 30, 60, 90, 120, 180, 300, 600]);
});

test("a code is drawn with the quiet around it that readers need", () => {
  const { size, path } = codeOf("http://192.0.2.1:8080/r/main#k=abcdefghijklmnopqrstuv");
  expect(size).toBeGreaterThanOrEqual(29 + 8);
  expect(path).toMatch(/^M4 4h7v1h-7z/);
  const rows = [...path.matchAll(/M(\d+) (\d+)h(\d+)/g)].map((run) => run.slice(1).map(Number));
  for (const [x = 0, y = 0, width = 0] of rows) {
    expect(Math.min(x, y)).toBeGreaterThanOrEqual(4);
    expect(Math.max(x + width, y + 1)).toBeLessThanOrEqual(size - 4);
  }
});

describe("the hub's API", () => {
  const answering = (answer: () => Promise<Response>) => {
    const asked: [string, RequestInit][] = [];
    const api = new HostApi("main", "s3cret", (path, init) => {
      asked.push([path, init]);
      return answer();
    });
    return { api, asked };
  };
  const json =
    (body: unknown, status = 200) =>
    () =>
      Promise.resolve(new Response(JSON.stringify(body), { status }));

  test("is asked for a link with the secret in a header, not in the address", async () => {
    const { api, asked } = answering(json({ link: "http://h/r/main#seat=x", code: "ABC234" }));
    const made = await api.link({ kind: "seat", unit: "u1" });
    expect(made).toEqual({ link: "http://h/r/main#seat=x", code: "ABC234" });
    const [path, init] = asked[0] as [string, RequestInit];
    expect(path).toBe("/api/v1/rooms/main/links");
    expect(init.body).toBe('{"kind":"seat","unit":"u1"}');
    expect(init.headers).toMatchObject({ Authorization: "Bearer s3cret" });
  });

  test.each([
    ["a refusal", json({ code: "no_unit" }, 404)],
    ["no link", json({})],
    ["no JSON", () => Promise.resolve(new Response("<html>"))],
    ["no hub", () => Promise.reject(new TypeError("failed to fetch"))],
  ])("%s is no link", async (_, answer) => {
    expect(await answering(answer).api.link({ kind: "audience" })).toBeNull();
  });
});

test("units that want to join are named, a whole row of them only in part", () => {
  const unit = (name: string | null) => ({ unit: "k7qwabcdefgh2345", name, has_code: null });
  expect(strangerNames([])).toBe("");
  expect(strangerNames([unit("Table 1"), unit(null)])).toBe("Table 1, k7qw");
  expect(strangerNames("abcdefg".split("").map(unit))).toBe("a, b, c, d, e, …");
});
