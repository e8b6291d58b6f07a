/** Microphones that have gone quiet altogether: a unit that lives tells its level all the time. */

import type { Status, UnitStatus } from "../../wire/messages.ts";

/** Long enough for a unit that starts again. */
const QUIET_FOR_MS = 30_000;

export interface Quiet {
  unit: string;
  name: string;
  quietMs: number;
  isConnected: boolean;
}

/** Remembers when each microphone was last heard, as far back as this page knows. */
export class Heard {
  private readonly lastMs = new Map<string, number>();
  private units: readonly UnitStatus[] = [];

  note(status: Status, nowMs: number): void {
    this.units = status.units.filter(({ source }) => source !== null && source.kind !== "speaker");
    for (const { unit, connected, level_dbfs } of this.units) {
      const isHeard = connected && level_dbfs !== null;
      if (isHeard || !this.lastMs.has(unit)) this.lastMs.set(unit, nowMs);
    }
    for (const unit of this.lastMs.keys()) {
      if (!this.units.some((one) => one.unit === unit)) this.lastMs.delete(unit);
    }
  }

  quiet(nowMs: number): Quiet[] {
    return this.units.flatMap(({ unit, name, connected }) => {
      const quietMs = nowMs - (this.lastMs.get(unit) ?? nowMs);
      return quietMs < QUIET_FOR_MS ? [] : [{ unit, name, quietMs, isConnected: connected }];
    });
  }
}
