/** Every microphone and loudspeaker of the hub: there, on air, and how loud. */

import { useWords } from "../i18n/words.ts";
import { LevelBar } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import type { UnitStatus } from "../wire/messages.ts";
import type { Desk } from "./sound/desk.ts";
import { MuteButton } from "./sound/mute.tsx";
import { outputState } from "./sound/output.tsx";

interface Props {
  desk: Desk;
  units: readonly UnitStatus[];
}

export function Units({ desk, units }: Props) {
  const { say } = useWords();
  useStore(desk.turns, (turns) => turns.count);
  const playing = units.filter(({ source, output }) => source === null && output !== null);
  const speaking = units.filter((unit) => !playing.includes(unit));
  return (
    <section class="card" aria-labelledby="units">
      <h2 id="units">{say("host.units")}</h2>
      {speaking.length === 0 && <p class="soft">{say("host.units_empty")}</p>}
      <ul class="units">
        {speaking.map((unit) => (
          <UnitRow key={unit.unit} desk={desk} unit={unit} />
        ))}
      </ul>
      {playing.length > 0 && (
        <>
          <h3>{say("host.outputs")}</h3>
          <ul class="units">
            {playing.map((unit) => (
              <OutputRow key={unit.unit} unit={unit} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function UnitRow({ desk, unit }: { desk: Desk; unit: UnitStatus }) {
  const { say } = useWords();
  const { source } = unit;
  const isMuted = source !== null && desk.setting(unit.unit, source).muted;
  const state = stateOf(unit, isMuted);
  return (
    <li class={`unit is-${state}`}>
      <span class={`lamp ${state === "on_air" ? "is-red" : ""}`} aria-hidden="true" />
      <span class="unit-words">
        <span class="unit-name">{unit.name}</span>{" "}
        <span class="unit-state">{say(`host.${state}`)}</span>
      </span>
      {source !== null && source.kept_out !== "returns" && (
        <MuteButton desk={desk} unit={unit} source={source} />
      )}
      <LevelBar level_db={unit.connected ? unit.level_dbfs : null} />
    </li>
  );
}

function stateOf(unit: UnitStatus, isMuted: boolean) {
  if (!unit.connected) return "away";
  // A feed that the hub refuses is muted too; that it is kept out says more.
  const why = unit.source?.kept_out;
  if (why !== null && why !== undefined) return "kept_out";
  if (isMuted) return "muted";
  return unit.on_air ? "on_air" : "ready";
}

function OutputRow({ unit }: { unit: UnitStatus }) {
  const { say } = useWords();
  const { output } = unit;
  if (output === null) return null;
  return (
    <li class={`unit ${unit.connected ? (output.playing ? "is-playing" : "") : "is-away"}`}>
      <span class="lamp" aria-hidden="true" />
      <span class="unit-words">
        <span class="unit-name">{unit.name}</span>{" "}
        <span class="unit-state">{say(outputState(unit, output))}</span>
      </span>
    </li>
  );
}
