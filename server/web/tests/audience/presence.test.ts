import { beforeEach, describe, expect, test, vi } from "vitest";
import { avatarOf, hereOf, Presence } from "../../src/audience/presence.ts";
import type { Here } from "../../src/wire/messages.ts";

function storage() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

let told: Here[];
const hub = { here: (here: Here) => void told.push(here) };

beforeEach(() => {
  told = [];
  vi.stubGlobal("localStorage", storage());
});

describe("how one is here", () => {
  test("a newcomer is only counted, and nothing is told", () => {
    new Presence(hub, storage());
    expect(told).toEqual([]);
  });

  test("in the hall is told, and remembered for the tab", () => {
    const tab = storage();
    new Presence(hub, tab).setInHall(true);
    new Presence(hub, tab);
    expect(told).toEqual([
      { type: "here", in_hall: true },
      { type: "here", in_hall: true },
    ]);
    expect(new Presence(hub, storage()).store.value.inHall).toBe(false);
  });

  test("a name that raised a hand is kept on the phone, and shown to nobody by that", () => {
    new Presence(hub, storage()).rename("Zoé");
    expect(told).toEqual([]);
    const later = new Presence(hub, storage());
    expect(later.store.value.name).toBe("Zoé");
    expect(told).toEqual([]);
  });

  test("whoever shows themselves may hide again", () => {
    const presence = new Presence(hub, storage());
    presence.show("Zoé", "owl");
    presence.hide();
    expect(told).toEqual([
      { type: "here", in_hall: false, name: "Zoé", avatar: "owl" },
      { type: "here", in_hall: false },
    ]);
    expect(hereOf(presence.store.value)).toEqual({ type: "here", in_hall: false });
  });

  test("a picture that we do not draw is none", () => {
    expect(avatarOf("owl")).toBe("owl");
    expect(avatarOf("toString")).toBeNull();
    expect(avatarOf(null)).toBeNull();
  });
});
