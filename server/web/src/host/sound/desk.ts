/** The host's hand on the mix: what is shown, what is asked, and the commands between them. */

import type { Wish } from "../../room/commands.ts";
import type { Refusal, RoomState } from "../../room/hub_client.ts";
import { Store } from "../../ui/store.ts";
import type { SourceStatus, Status } from "../../wire/messages.ts";
import { Pace, type Timers } from "./pace.ts";
import { Wanted } from "./wanted.ts";

/** `parvis_wire.stage.LOWEST_GAIN_DB` and `HIGHEST_GAIN_DB`. */
export const GAIN_RANGE_DB = [-40, 18] as const;

/** `parvis_wire.stage.PRIORITY_RANGE_DB`, to both sides. */
export const PRIORITY_RANGE_DB = [-12, 12] as const;

export const GAIN_STEP_DB = 0.5;
export const PRIORITY_STEP_DB = 1;

/** How one source goes into the mix, whole. */
export interface SourceSetting {
  /** By hand; null: the hub's own. */
  gain_db: number | null;
  priority_db: number;
  shared: boolean;
  muted: boolean;
}

/** What the desk needs of `HubClient`. */
export interface Hub {
  readonly room: Store<RoomState>;
  wish(wish: Wish): void;
}

const SHARING = "sharing";
const lift = (zone: string) => `lift ${zone}`;

/** Whether a command acts on the mix; the others act on the floor. */
export function isOfTheMix(wish: Wish): boolean {
  return ["set_source", "set_sharing", "set_lift", "check_sound"].includes(wish.type);
}

export class Desk {
  /** Turns at each change of what is asked; what is told turns the room. */
  readonly turns = new Store({ count: 0 });
  private readonly sources = new Wanted<SourceSetting>(agree);
  private readonly switches = new Wanted<boolean>((wanted, told) => wanted === told);
  private readonly pace: Pace;
  private status: Status | null = null;
  private refused: Refusal | null = null;

  constructor(
    private readonly hub: Hub,
    private readonly world: Timers,
  ) {
    this.pace = new Pace(world);
    hub.room.follow(() => this.roomChanged(hub.room.value));
  }

  setting(unit: string, source: SourceStatus): SourceSetting {
    return this.sources.of(unit) ?? told(source);
  }

  sharing(status: Status): boolean {
    return this.switches.of(SHARING) ?? status.sharing;
  }

  lifted(zone: string, status: Status): boolean {
    return this.switches.of(lift(zone)) ?? status.lifted.includes(zone);
  }

  /** A slider moved. */
  slide(unit: string, source: SourceStatus, change: Partial<SourceSetting>): void {
    this.pace.offer(unit, this.asking(unit, source, change));
  }

  /** A button was pressed. */
  press(unit: string, source: SourceStatus, change: Partial<SourceSetting>): void {
    this.pace.hurry(unit, this.asking(unit, source, change));
  }

  setSharing(on: boolean): void {
    this.flip(SHARING, on);
    this.hub.wish({ type: "set_sharing", on });
  }

  setLift(zone: string, on: boolean, loudspeakers_far: boolean): void {
    this.flip(lift(zone), on);
    this.hub.wish({ type: "set_lift", zone, on, loudspeakers_far });
  }

  check(participant: string): void {
    this.hub.wish({ type: "check_sound", participant });
  }

  /** Shows the change at once; the answer gives it to the hub, whole as it is now. */
  private asking(unit: string, source: SourceStatus, change: Partial<SourceSetting>): () => void {
    const setting = { ...this.setting(unit, source), ...this.refusedMute(source), ...change };
    if (setting.gain_db !== null) setting.gain_db = within(setting.gain_db, GAIN_RANGE_DB);
    this.sources.ask(unit, setting, this.world.nowMs());
    this.turn();
    return () => this.hub.wish({ type: "set_source", participant: unit, ...setting });
  }

  /** A feed that the hub refuses is let in by an unmuting press alone, not by a slider that knew it open. */
  private refusedMute({ kept_out, muted }: SourceStatus): Partial<SourceSetting> {
    return kept_out === "returns" ? { muted } : {};
  }

  private flip(key: string, on: boolean): void {
    this.switches.ask(key, on, this.world.nowMs());
    this.turn();
  }

  private roomChanged({ status, refused, waiting }: RoomState): void {
    if (refused !== this.refused) {
      this.refused = refused;
      if (refused !== null) this.forget(refused.wish);
    }
    if (status === null || status === this.status) return;
    this.status = status;
    const nowMs = this.world.nowMs();
    const asked = waiting.map((one) => one.wish);
    this.sources.review(
      (unit) => {
        const source = status.units.find((one) => one.unit === unit)?.source;
        return source === null || source === undefined ? undefined : told(source);
      },
      (unit) => asked.some((wish) => wish.type === "set_source" && wish.participant === unit),
      nowMs,
    );
    this.switches.review(
      (key) =>
        key === SHARING ? status.sharing : status.lifted.some((zone) => lift(zone) === key),
      (key) => asked.some((wish) => switchOf(wish) === key),
      nowMs,
    );
    this.turn();
  }

  private forget(wish: Wish): void {
    const key = switchOf(wish);
    if (wish.type === "set_source") this.sources.drop(wish.participant);
    else if (key !== null) this.switches.drop(key);
    else return;
    this.turn();
  }

  private turn(): void {
    this.turns.set({ count: this.turns.value.count + 1 });
  }
}

function switchOf(wish: Wish): string | null {
  if (wish.type === "set_sharing") return SHARING;
  return wish.type === "set_lift" ? lift(wish.zone) : null;
}

function told({ gain_db, by_hand, priority_db, shared, muted }: SourceStatus): SourceSetting {
  return { gain_db: by_hand ? (gain_db ?? 0) : null, priority_db, shared, muted };
}

function agree(wanted: SourceSetting, now: SourceSetting): boolean {
  const isSameGain =
    wanted.gain_db === null || now.gain_db === null
      ? wanted.gain_db === now.gain_db
      : Math.abs(wanted.gain_db - now.gain_db) < GAIN_STEP_DB / 2;
  return (
    isSameGain &&
    wanted.priority_db === now.priority_db &&
    wanted.shared === now.shared &&
    wanted.muted === now.muted
  );
}

/** The gain to begin with by hand: what the hub adds now, so that nobody hears the change. */
export function gainToBeginWith(source: SourceStatus): number {
  const steps = Math.round((source.gain_db ?? 0) / GAIN_STEP_DB);
  return within(steps * GAIN_STEP_DB, GAIN_RANGE_DB);
}

function within(value: number, [lowest, highest]: readonly [number, number]): number {
  return Math.min(Math.max(value, lowest), highest);
}
