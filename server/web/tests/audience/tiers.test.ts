import { describe, expect, test } from "vitest";
import { apiPath, askHub, whoSpoke } from "../../src/audience/room_api.ts";
import { mayKeepInView, SHOWN, tiersOf } from "../../src/audience/tiers.ts";
import type { Listed } from "../../src/room/people.ts";
import type { Pulse, RoomView } from "../../src/wire/messages.ts";
import { roomWith } from "../rooms.ts";

const person = (participant: string, invited = false): Listed => ({
  participant,
  name: participant,
  avatar: null,
  in_hall: false,
  invited,
});
const counted = (listeners: number | null): Pulse => ({
  type: "pulse",
  listeners,
  in_hall: null,
  reactions: {},
  yes: null,
});

describe("the tiers", () => {
  test("whoever is on the stage is not in the audience too", () => {
    const people = [person("a"), person("b", true), person("c")];
    const { invited, named, others } = tiersOf(people, new Set(["a"]), counted(10), []);
    expect([invited.length, named.map((one) => one.name), others]).toEqual([1, ["c"], 7]);
  });

  test("beyond a page of names it counts", () => {
    const people = Array.from({ length: 50 }, (_, index) => person(`p${index}`));
    const { named, others } = tiersOf(people, new Set(), counted(300), []);
    expect([named.length, others]).toEqual([SHOWN, 300 - SHOWN]);
  });

  test("whom a host keeps in view stands beside the invited", () => {
    const people = [person("a"), person("b", true), person("c")];
    const { invited, named } = tiersOf(people, new Set(["c"]), counted(10), ["a", "c", "gone"]);
    expect([invited, named].map((tier) => tier.map((one) => one.name))).toEqual([["a", "b"], []]);
  });

  test("hidden counts stay hidden", () => {
    expect(tiersOf([person("a")], new Set(), counted(null), []).others).toBeNull();
    expect(tiersOf([person("a")], new Set(), null, []).others).toBeNull();
  });
});

describe("who keeps others in view", () => {
  const at = { participant: "me", state: "live", unit: "t1" };

  test("runs the room, was invited to speak, or speaks just now", () => {
    const hosts = [{ participant: "me", name: "Hera", rank: "host" }];
    const may = (fields: object, isInvited = false, me: string | null = "me") =>
      mayKeepInView(roomWith(fields as Partial<RoomView>), me, isInvited);
    expect(may({ hosts })).toBe(true);
    expect(may({}, true)).toBe(true);
    expect(may({ floor: [at] })).toBe(true);
    expect(may({ floor: [{ ...at, state: "granted" }] })).toBe(false);
    expect(may({ floor: [{ ...at, unit: null }] })).toBe(false); // the hub's voice reads it out
    expect(may({ floor: [at] }, false, "another")).toBe(false);
    expect(may({}, true, null)).toBe(false);
  });
});

describe("what the hub tells over HTTP", () => {
  const link = { room: "soiree", secret: "s3cret", seat: null };

  test("is asked with the secret in a header", async () => {
    const asked: [string, RequestInit][] = [];
    await askHub(apiPath(link, "audience"), link, async (path, init) => {
      asked.push([path, init]);
      return new Response("{}");
    });
    expect(asked[0]?.[0]).toBe("/api/v1/rooms/soiree/audience");
    expect(asked[0]?.[1].headers).toEqual({ Authorization: "Bearer s3cret" });
  });

  test("is nothing when it refuses or is away", async () => {
    expect(await askHub("/x", link, async () => new Response("", { status: 404 }))).toBeNull();
    expect(await askHub("/x", link, () => Promise.reject(new TypeError()))).toBeNull();
  });

  test("names who spoke, each once; a hub that does not tell is no fault", () => {
    expect(whoSpoke({ spoke: ["Ada", { name: "Zoé" }, "Ada", 3, null] })).toEqual(["Ada", "Zoé"]);
    expect(whoSpoke({})).toEqual([]);
    expect(whoSpoke(null)).toEqual([]);
  });
});
