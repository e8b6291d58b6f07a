import { describe, expect, test } from "vitest";
import { findCode, listRooms } from "../../src/rooms/hub.ts";

function hub(status: number, said: unknown) {
  const asked: [string, RequestInit][] = [];
  const ask = async (path: string, init: RequestInit) => {
    asked.push([path, init]);
    return new Response(typeof said === "string" ? said : JSON.stringify(said), { status });
  };
  return { ask, asked };
}

const away = () => Promise.reject(new TypeError("no network"));

describe("a code", () => {
  test("leads where the hub says; it travels in the body", async () => {
    const { ask, asked } = hub(200, { path: "/r/salon#k=s3cret" });
    expect(await findCode("ABC234", ask)).toEqual({ path: "/r/salon#k=s3cret" });
    expect(asked[0]?.[0]).toBe("/api/v1/codes");
    expect(asked[0]?.[1]).toMatchObject({ method: "POST", body: '{"code":"ABC234"}' });
  });

  test.each([
    [404, "unknown"],
    [429, "too_many"],
    [422, "unreachable"],
    [503, "unreachable"],
  ])("answered with %i is %s", async (status, fault) => {
    expect(await findCode("ABC234", hub(status, {}).ask)).toEqual({ fault });
  });

  test("is not wrong where an edge says that too many come at once", async () => {
    const said = { code: "too_often", text: "Many are coming in" };
    expect(await findCode("ABC234", hub(429, said).ask)).toEqual({ fault: "busy" });
  });

  test.each(["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "", 3])(
    "never leads to %j",
    async (path) => {
      expect(await findCode("ABC234", hub(200, { path }).ask)).toEqual({ fault: "unreachable" });
    },
  );

  test("finds nothing without a hub", async () => {
    expect(await findCode("ABC234", away)).toEqual({ fault: "unreachable" });
    expect(await findCode("ABC234", hub(200, "<html>").ask)).toEqual({ fault: "unreachable" });
  });
});

test("the list is null when the hub says none", async () => {
  expect(await listRooms(away)).toBeNull();
  expect(await listRooms(hub(503, {}).ask)).toBeNull();
  expect(await listRooms(hub(200, "<html>").ask)).toBeNull();
  expect(await listRooms(hub(200, { rooms: [] }).ask)).toEqual([]);
});
