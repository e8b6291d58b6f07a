import { describe, expect, test } from "vitest";
import { readRooms, sortRooms } from "../../src/rooms/list.ts";
import { languageName, whenBegins } from "../../src/rooms/when.ts";

function told(room: string, phase: string, begins: number | null = null, created = 0) {
  const about = { title: room, language: "fr", topics: ["Vélo"], begins_utc_ms: begins };
  return { room, phase, created_utc_ms: created, ...about };
}

const names = (rooms: readonly { room: string }[]) => rooms.map(({ room }) => room);

describe("the hub's rooms", () => {
  test("are read with what the page shows", () => {
    expect(readRooms({ rooms: [told("salon", "live", 5, 7)] })).toEqual([
      {
        room: "salon",
        title: "salon",
        language: "fr",
        topics: ["Vélo"],
        phase: "live",
        beginsUtcMs: 5,
        createdUtcMs: 7,
      },
    ]);
  });

  test("that are told otherwise are passed over", () => {
    const odd = [null, 3, {}, told("x", "asleep"), { ...told("y", "live"), title: 3 }];
    expect(readRooms({ rooms: [...odd, told("salon", "live")] })).toHaveLength(1);
    for (const answer of [null, 3, {}, { rooms: 3 }]) expect(readRooms(answer)).toEqual([]);
  });

  test("are on now, to come or over, each in the order people look for", () => {
    const rooms = readRooms({
      rooms: [
        told("over-long-ago", "ended", null, 1),
        told("undated", "scheduled", null, 1),
        told("over", "ended", 9),
        told("late", "scheduled", 30),
        told("old", "live", null, 2),
        told("near", "scheduled", 20),
        told("ready", "backstage", 40),
        told("new", "live", null, 3),
      ],
    });
    const { live, soon, ended } = sortRooms(rooms);
    expect(names(live)).toEqual(["new", "old"]);
    expect(names(soon)).toEqual(["ready", "near", "late", "undated"]);
    expect(names(ended)).toEqual(["over", "over-long-ago"]);
  });
});

describe("the beginning", () => {
  const noon = Date.UTC(2026, 10, 23, 12);

  test("is today's time, or a day and a time", () => {
    const today = whenBegins(noon + 3_600_000, noon, "fr", "Europe/Paris");
    expect(today).toEqual({ day: null, time: "14:00" });
    const other = whenBegins(noon + 12 * 3_600_000, noon, "fr", "Europe/Paris");
    expect(other).toEqual({ day: "mardi 24 novembre 2026", time: "01:00" });
    expect(whenBegins(noon + 86_400_000, noon, "en", "UTC")?.day).toBe(
      "Tuesday, November 24, 2026",
    );
  });

  test("that is past, or that nobody said, is none", () => {
    expect(whenBegins(noon, noon, "fr")).toBeNull();
    expect(whenBegins(null, noon, "fr")).toBeNull();
  });
});

test("languages have their names, or at least their tags", () => {
  expect(languageName("fr", "fr")).toBe("français");
  expect(languageName("fr", "en")).toBe("French");
  expect(languageName("??", "en")).toBe("??");
});
