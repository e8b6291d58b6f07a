/** Every microphone and loudspeaker of the hub: there, on air, how loud, and who sits at it. */

import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { RoomView, UnitStatus } from "../../wire/messages.ts";
import type { HostApi } from "../api.ts";
import type { Desk } from "../sound/desk.ts";
import { outputState } from "../sound/output.tsx";
import type { Watch } from "../watch/watch.ts";
import { UnitRow } from "./row.tsx";

interface Props {
  desk: Desk;
  hub: HubClient;
  view: RoomView;
  api: HostApi;
  watch: Watch;
  units: readonly UnitStatus[];
  onWalk: () => void;
}

export function Units({ units, onWalk, ...tools }: Props) {
  const { say } = useWords();
  useStore(tools.desk.turns, (turns) => turns.count);
  const playing = units.filter(({ source, output }) => source === null && output !== null);
  const speaking = units.filter((unit) => !playing.includes(unit));
  return (
    <section class="card" aria-labelledby="units">
      <h2 id="units">{say("host.units")}</h2>
      {speaking.length === 0 && <p class="soft">{say("host.units_empty")}</p>}
      <ul class="units">
        {speaking.map((unit) => (
          <UnitRow key={unit.unit} {...tools} unit={unit} />
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
      <button type="button" class="small walk-start" onClick={onWalk}>
        {say("walk.start")}
      </button>
    </section>
  );
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
