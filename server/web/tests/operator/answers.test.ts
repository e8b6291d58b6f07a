import { describe, expect, test } from "vitest";
import {
  readActs,
  readHostPath,
  readHouse,
  readRooms,
  readSessions,
  readSetupLink,
  readToken,
  readUnits,
} from "../../src/operator/answers.ts";
import { pairedUnit, waitingUnit } from "./hub.ts";

const NOTHING = [null, undefined, 3, "x", [], {}];

test.each(NOTHING)("%j is no answer", (answer) => {
  expect(readHouse(answer)).toBeNull();
  expect(readUnits(answer)).toBeNull();
  expect(readSessions(answer)).toBeNull();
  expect(readActs(answer)).toBeNull();
  expect(readRooms(answer)).toBeNull();
  expect(readToken(answer)).toBeNull();
  expect(readSetupLink(answer)).toBeNull();
  expect(readHostPath(answer)).toBeNull();
});

test("units are read, and what is none of them passed over", () => {
  const units = readUnits({ waiting: [waitingUnit(), null, {}], paired: [pairedUnit(), 3] });
  expect(units?.waiting).toHaveLength(1);
  expect(units?.waiting[0]).toMatchObject({ hasCode: null, triesLeft: 5, sinceUtcMs: 1000 });
  expect(units?.paired[0]).toMatchObject({ how: "code", by: "Ada", here: true, room: "main" });
});

test("the house is read with its doors", () => {
  const listeners = [{ scheme: "https", port: 8443, certificate: "own" }, { scheme: "http" }];
  expect(readHouse({ claimed: true, listeners, missing: ["https", 3] })).toEqual({
    claimed: true,
    site: "",
    openHouse: false,
    plainHost: false,
    doors: [
      { scheme: "https", port: 8443, certificate: "own", expiresUtcMs: null, fingerprint: null },
    ],
    announced: false,
    missing: ["https"],
  });
});

test("acts are the newest first, whatever the clock says", () => {
  const act = (number: number, utc_ms: number) => ({ number, utc_ms, act: "claimed" });
  const read = readActs({ acts: [act(1, 9000), act(3, 100), act(2, 5000)] });
  expect(read?.map(({ number }) => number)).toEqual([3, 2, 1]);
});

describe("a host link", () => {
  test("leads to this origin's own page", () => {
    const link = "http://192.0.2.1:8080/host#r=main&k=s3cret";
    expect(readHostPath({ link })).toBe("/host#r=main&k=s3cret");
  });

  test.each([
    "javascript:alert(1)",
    "https://x.example/elsewhere#k=1",
    "/host#k=1",
    "http://x/host",
  ])("is not %s", (link) => expect(readHostPath({ link })).toBeNull());
});
