import { beforeEach, describe, expect, test } from "vitest";
import { Desk, gainToBeginWith, type Hub, isOfTheMix } from "../../../src/host/sound/desk.ts";
import type { Wish } from "../../../src/room/commands.ts";
import type { RoomState } from "../../../src/room/hub_client.ts";
import { Store } from "../../../src/ui/store.ts";
import type { RefusalCode, Status } from "../../../src/wire/messages.ts";
import { FakeTimers } from "../../timers.ts";
import { SOURCE, STATUS, withSource } from "./stage.ts";

/** A hub client that a test answers. */
class FakeHub implements Hub {
  readonly wishes: Wish[] = [];
  readonly room = new Store<RoomState>({
    link: "open",
    closeCode: null,
    participant: "h1",
    isSpeaker: false,
    view: null,
    talkers: [],
    status: STATUS,
    pulse: null,
    waiting: [],
    refused: null,
    made: null,
    clock: null,
    isVenueReached: true,
  });

  wish(wish: Wish): void {
    this.wishes.push(wish);
    const waiting = [...this.room.value.waiting, { id: `c${this.wishes.length}`, wish }];
    this.room.set({ waiting, refused: null });
  }

  answer(code: RefusalCode | null = null): void {
    const wish = this.room.value.waiting.at(-1)?.wish as Wish;
    this.room.set({
      waiting: [],
      refused: code === null ? null : { wish, code, figureMs: null },
    });
  }

  tell(status: Status): void {
    this.room.set({ status: { ...status } });
  }
}

let hub: FakeHub;
let timers: FakeTimers;
let desk: Desk;

beforeEach(() => {
  hub = new FakeHub();
  timers = new FakeTimers();
  desk = new Desk(hub, timers);
});

describe("a source", () => {
  test("is set whole: what the hand did not touch stays as it is", () => {
    const muted = { ...SOURCE, muted: true, by_hand: true, gain_db: -6, shared: false };
    desk.slide("u1", muted, { priority_db: 3 });
    expect(hub.wishes).toEqual([
      {
        type: "set_source",
        participant: "u1",
        gain_db: -6,
        priority_db: 3,
        shared: false,
        muted: true,
      },
    ]);
  });

  test("an automatic gain stays automatic, whatever the hub adds now", () => {
    desk.press("u1", SOURCE, { muted: true });
    expect(hub.wishes[0]).toMatchObject({ gain_db: null, muted: true });
  });

  test("follows the finger, not the older status, until the status has come to it", () => {
    desk.slide("u1", SOURCE, { gain_db: 2 });
    desk.slide("u1", SOURCE, { gain_db: 7 });
    hub.tell(withSource("u1", { by_hand: true, gain_db: 2 }));
    expect(desk.setting("u1", SOURCE).gain_db).toBe(7);
    timers.pass(200);
    expect(hub.wishes.map((wish) => "gain_db" in wish && wish.gain_db)).toEqual([2, 7]);
    hub.answer();
    hub.tell(withSource("u1", { by_hand: true, gain_db: 7 }));
    const other = { ...SOURCE, by_hand: true, gain_db: -3 };
    expect(desk.setting("u1", other).gain_db).toBe(-3);
  });

  test("two changes before the first status are both in the last command", () => {
    desk.press("u1", SOURCE, { muted: true });
    desk.press("u1", SOURCE, { shared: false });
    expect(hub.wishes.at(-1)).toMatchObject({ muted: true, shared: false });
  });

  test("a mute goes at once and takes the waiting slider along", () => {
    desk.slide("u1", SOURCE, { gain_db: 1 });
    desk.slide("u1", SOURCE, { gain_db: 2 });
    desk.press("u1", SOURCE, { muted: true });
    timers.pass(1000);
    expect(hub.wishes).toHaveLength(2);
    expect(hub.wishes[1]).toMatchObject({ gain_db: 2, muted: true });
  });

  test("a refusal shows the truth again, and an old one does not undo the next press", () => {
    desk.press("u1", SOURCE, { muted: true });
    hub.answer("no_source");
    expect(desk.setting("u1", SOURCE).muted).toBe(false);
    desk.slide("u1", SOURCE, { gain_db: 1 });
    desk.slide("u1", SOURCE, { gain_db: 2 });
    hub.room.set({ talkers: [] });
    expect(desk.setting("u1", SOURCE).gain_db).toBe(2);
  });

  test("another host's will is shown in the end", () => {
    desk.press("u1", SOURCE, { muted: true });
    hub.answer();
    timers.pass(3100);
    hub.tell(withSource("u1", { muted: false }));
    expect(desk.setting("u1", SOURCE).muted).toBe(false);
  });

  test("a slider that is under way does not let in a feed that the hub refuses meanwhile", () => {
    desk.slide("u1", SOURCE, { gain_db: 1 });
    const refused = { ...SOURCE, kept_out: "returns", muted: true } as const;
    desk.slide("u1", refused, { gain_db: 2 });
    timers.pass(200);
    expect(hub.wishes.at(-1)).toMatchObject({ gain_db: 2, muted: true });
    desk.press("u1", refused, { muted: false });
    expect(hub.wishes.at(-1)).toMatchObject({ muted: false });
  });

  test("a gain beyond the hub's bounds is never sent", () => {
    desk.slide("u1", SOURCE, { gain_db: 99 });
    expect(hub.wishes[0]).toMatchObject({ gain_db: 18 });
  });
});

describe("switches", () => {
  test("the automatic mix is shown as asked until the status agrees", () => {
    desk.setSharing(false);
    hub.tell(STATUS);
    expect(desk.sharing(STATUS)).toBe(false);
    hub.answer();
    hub.tell({ ...STATUS, sharing: false });
    expect(desk.sharing(STATUS)).toBe(true);
  });

  test("a lift that is refused was none", () => {
    desk.setLift("balcony", true, false);
    expect(hub.wishes).toEqual([
      { type: "set_lift", zone: "balcony", on: true, loudspeakers_far: false },
    ]);
    expect(desk.lifted("balcony", STATUS)).toBe(true);
    expect(desk.lifted("hall", STATUS)).toBe(false);
    hub.answer("lift_unsafe");
    expect(desk.lifted("balcony", STATUS)).toBe(false);
  });
});

test("a gain by hand begins where the hub's was", () => {
  expect(gainToBeginWith({ ...SOURCE, gain_db: 4.2 })).toBe(4);
  expect(gainToBeginWith({ ...SOURCE, gain_db: -3.3 })).toBe(-3.5);
  expect(gainToBeginWith({ ...SOURCE, gain_db: null })).toBe(0);
  expect(gainToBeginWith({ ...SOURCE, gain_db: -90 })).toBe(-40);
});

test("commands of the mix are told from those of the floor", () => {
  expect(isOfTheMix({ type: "check_sound", participant: "u1" })).toBe(true);
  expect(isOfTheMix({ type: "next" })).toBe(false);
});
