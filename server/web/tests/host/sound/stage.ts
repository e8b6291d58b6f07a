/** A stage for the panel's tests. */

import type { SourceStatus, Status, UnitStatus } from "../../../src/wire/messages.ts";

export const SOURCE: SourceStatus = {
  kind: "microphone",
  kept_out: null,
  gain_db: 4.2,
  by_hand: false,
  priority_db: 0,
  shared: true,
  muted: false,
  delay_ms: 21,
  drift_ppm: -12,
  late: 0,
  concealed: 0,
};

export const unit = (id: string, change: Partial<UnitStatus> = {}): UnitStatus => ({
  unit: id,
  name: `Table ${id}`,
  connected: true,
  on_air: false,
  level_dbfs: -30,
  zone: "hall",
  muted_there: false,
  software: null,
  source: SOURCE,
  output: null,
  ...change,
});

export const STATUS: Status = {
  type: "status",
  units: [unit("u1"), unit("u2")],
  listeners: 0,
  sharing: true,
  lifted: [],
  alarms: [],
  checks: [],
  in_hall: 0,
  shares: { stage_ms: 0, hall_ms: 0, phones_ms: 0 },
  longest_wait_ms: 0,
  waiting: [],
  can_record: true,
};

/** The status with another setting of one source. */
export function withSource(id: string, change: Partial<SourceStatus>): Status {
  const units = STATUS.units.map((one) =>
    one.unit === id ? { ...one, source: { ...SOURCE, ...change } } : one,
  );
  return { ...STATUS, units };
}
