import { beforeEach, describe, expect, test } from "vitest";
import { OperatorApi } from "../../src/operator/api.ts";
import { OperatorDesk } from "../../src/operator/desk.ts";
import { KeyRing } from "../../src/operator/key.ts";
import { FakeTimers } from "../timers.ts";
import { FakeHub, pairedUnit, settled, waitingUnit } from "./hub.ts";

class Storage {
  readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

let hub: FakeHub;
let timers: FakeTimers;
let storage: Storage;
let isHidden: boolean;

beforeEach(() => {
  hub = new FakeHub();
  hub.says.set("GET units", [200, { waiting: [], paired: [] }]);
  hub.says.set("POST claim", [201, { token: "t1", session: {} }]);
  hub.says.set("POST sessions", [201, { token: "t2", session: {} }]);
  timers = new FakeTimers();
  storage = new Storage();
  isHidden = false;
});

function open(secret: string | null = null): OperatorDesk {
  const world = {
    nowMs: () => timers.nowMs(),
    setTimer: (run: () => void, delayMs: number) => timers.setTimer(run, delayMs),
    clearTimer: (timer: number) => timers.clearTimer(timer),
    isHidden: () => isHidden,
  };
  return new OperatorDesk(new OperatorApi(hub.ask), new KeyRing(storage), world, secret);
}

async function inside(): Promise<OperatorDesk> {
  storage.kept.set("parvis.operator", "t0");
  const desk = open();
  await settled();
  return desk;
}

describe("the door", () => {
  test("is the link's, the session's, or the password's", () => {
    expect(open("s3cret").store.value.door).toBe("claim");
    expect(open().store.value.door).toBe("sign_in");
    storage.kept.set("parvis.operator", "t0");
    expect(open().store.value.door).toBe("open");
    expect(open("s3cret").store.value.door).toBe("claim");
  });

  test("the secret travels in the body, without a password when there is none", async () => {
    const desk = open("s3cret");
    expect(await desk.claim("Ada", "")).toBeNull();
    expect(hub.asked[0]).toEqual({
      method: "POST",
      path: "claim",
      token: null,
      body: { secret: "s3cret", name: "Ada" },
    });
    expect(desk.store.value.door).toBe("open");
    expect(storage.kept.get("parvis.operator")).toBe("t1");
    expect(desk.keys.name).toBe("Ada");
    expect(hub.asked[1]?.token).toBe("t1");
  });

  test("a link that was used opens nothing, and may be left", async () => {
    hub.says.set("POST claim", [401, { code: "unauthorised", text: "used" }]);
    storage.kept.set("parvis.operator", "t0");
    const desk = open("s3cret");
    expect(await desk.claim("Ada", "pass word!")).toMatchObject({ code: "unauthorised" });
    expect(desk.store.value).toMatchObject({ door: "claim", hasEnded: false });
    expect(hub.asked[0]?.body).toEqual({ secret: "s3cret", name: "Ada", password: "pass word!" });
    desk.passOver();
    expect(desk.store.value.door).toBe("open");
  });

  test("a wrong password opens nothing, the right one does", async () => {
    const desk = open();
    hub.says.set("POST sessions", [401, { code: "unauthorised", text: "wrong" }]);
    expect(await desk.signIn("Ada", "guess")).toMatchObject({ status: 401 });
    expect(desk.store.value.door).toBe("sign_in");
    hub.says.set("POST sessions", [201, { token: "t2" }]);
    expect(await desk.signIn("Ada", "right")).toBeNull();
    expect(desk.store.value.door).toBe("open");
  });

  test("an answer that is none opens nothing", async () => {
    const desk = open("s3cret");
    hub.says.set("POST claim", [201, "<html>"]);
    expect(await desk.claim("Ada", "")).toMatchObject({ code: "unreachable" });
    hub.says.set("POST claim", [201, {}]);
    expect(await desk.claim("Ada", "")).toMatchObject({ code: "unreachable" });
    expect(desk.store.value.door).toBe("claim");
  });

  test("signing out forgets everything at once", async () => {
    const desk = await inside();
    desk.signOut();
    expect(hub.asked.at(-1)).toMatchObject({
      method: "DELETE",
      path: "sessions/current",
      token: "t0",
    });
    expect(desk.store.value).toMatchObject({ door: "sign_in", hasEnded: false, units: null });
    expect(storage.kept.has("parvis.operator")).toBe(false);
  });
});

describe("the look", () => {
  test("is at the units each second, at the rest every ten", async () => {
    await inside();
    expect(hub.paths("GET")).toEqual(["units", "house", "sessions", "audit", "rooms"]);
    for (let second = 0; second < 9; second += 1) {
      timers.pass(1000);
      await settled();
    }
    expect(hub.paths("GET").slice(5)).toEqual(Array(9).fill("units"));
    timers.pass(1000);
    await settled();
    expect(hub.paths("GET")).toHaveLength(19);
  });

  test("rests while nobody looks", async () => {
    const desk = await inside();
    isHidden = true;
    timers.pass(5000);
    expect(hub.asked).toHaveLength(5);
    isHidden = false;
    desk.look();
    expect(hub.asked.length).toBeGreaterThan(5);
  });

  test("an ended session shuts the page and says so", async () => {
    const desk = await inside();
    hub.says.set("GET units", [401, { code: "unauthorised", text: "" }]);
    timers.pass(1000);
    await settled();
    expect(desk.store.value).toMatchObject({ door: "sign_in", hasEnded: true, units: null });
    expect(storage.kept.has("parvis.operator")).toBe(false);
    timers.pass(10_000);
    expect(hub.paths("GET")).toHaveLength(6);
  });

  test("a hub that is away leaves what was known", async () => {
    hub.says.set("GET units", [200, { waiting: [waitingUnit()], paired: [] }]);
    const desk = await inside();
    hub.isAway = true;
    timers.pass(1000);
    await settled();
    expect(desk.store.value.trouble).toMatchObject({ status: 0 });
    expect(desk.store.value.units?.waiting).toHaveLength(1);
    hub.isAway = false;
    timers.pass(1000);
    await settled();
    expect(desk.store.value.trouble).toBeNull();
  });

  test("what a session before asked is of no interest", async () => {
    const desk = await inside();
    hub.says.set("GET units", [401, { code: "unauthorised", text: "" }]);
    desk.look();
    desk.offer("s3cret");
    await settled();
    expect(desk.store.value).toMatchObject({ door: "claim", hasEnded: false });
  });

  test("news are told, not what was there before", async () => {
    hub.says.set("GET units", [200, { waiting: [waitingUnit()], paired: [] }]);
    const desk = await inside();
    expect(desk.store.value.news).toEqual([]);
    hub.says.set("GET units", [200, { waiting: [], paired: [pairedUnit()] }]);
    timers.pass(1000);
    await settled();
    expect(desk.store.value.news).toEqual([{ what: "paired", name: "Table 1", why: "" }]);
  });
});

describe("an act", () => {
  test("is followed by a whole look", async () => {
    const desk = await inside();
    hub.asked = [];
    hub.says.set("DELETE units/x", [204, null]);
    expect(await desk.act("DELETE", "units/x")).toBeNull();
    await settled();
    expect(hub.paths("GET")).toHaveLength(5);
  });

  test("refused says why", async () => {
    const desk = await inside();
    hub.says.set("POST units/x/pair", [409, { code: "paused", text: "wait" }]);
    const fault = await desk.act("POST", "units/x/pair", { code: "ABCDEFGH" });
    expect(fault).toEqual({ status: 409, code: "paused", text: "wait" });
    hub.says.set("POST units/x/pair", [502, "<html>"]);
    expect(await desk.act("POST", "units/x/pair", {})).toMatchObject({ status: 502, code: "" });
  });
});
