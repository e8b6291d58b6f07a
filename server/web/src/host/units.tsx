/** Every microphone of the hall: there, on air, and how loud. */

import { useWords } from "../i18n/words.ts";
import { LevelBar } from "../ui/shell.tsx";
import type { UnitStatus } from "../wire/messages.ts";

export function Units({ units }: { units: readonly UnitStatus[] }) {
  const { say } = useWords();
  return (
    <section class="card" aria-labelledby="units">
      <h2 id="units">{say("host.units")}</h2>
      {units.length === 0 && <p class="soft">{say("host.units_empty")}</p>}
      <ul class="units">
        {units.map((unit) => (
          <UnitRow key={unit.unit} unit={unit} />
        ))}
      </ul>
    </section>
  );
}

function UnitRow({ unit }: { unit: UnitStatus }) {
  const { say } = useWords();
  const state = !unit.connected ? "away" : unit.on_air ? "on_air" : "ready";
  return (
    <li class={`unit is-${state}`}>
      <span class={`lamp ${state === "on_air" ? "is-red" : ""}`} aria-hidden="true" />
      <span class="unit-name">{unit.name}</span>
      <span class="unit-state">{say(`host.${state}`)}</span>
      <LevelBar level_db={unit.connected ? unit.level_dbfs : null} />
    </li>
  );
}
