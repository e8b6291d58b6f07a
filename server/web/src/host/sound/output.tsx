/** One output: whether it plays, how late, and the sound check. */

import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { OutputStatus, Status, UnitStatus } from "../../wire/messages.ts";
import type { Desk } from "./desk.ts";
import { counted, decibels, milliseconds } from "./figures.ts";
import { checkWords, outputKind, placeOf } from "./words.ts";

interface Props {
  desk: Desk;
  hub: HubClient;
  status: Status;
  unit: UnitStatus;
  output: OutputStatus;
}

export function OutputStrip({ desk, hub, status, unit, output }: Props) {
  const { say, language } = useWords();
  const result = status.checks.find((one) => one.output === unit.unit);
  const isAsked = useStore(hub.room, ({ waiting }) =>
    waiting.some(({ wish }) => wish.type === "check_sound" && wish.participant === unit.unit),
  );
  const refused = useStore(hub.room, (room) =>
    room.refused?.wish.type === "check_sound" && room.refused.wish.participant === unit.unit
      ? room.refused.code
      : null,
  );
  const isOff = isAsked || result?.state === "running" || !unit.connected;
  const isBad = result?.state === "returns" || refused !== null;
  const words =
    refused !== null
      ? say(refused === "no_output" ? "check.not_now" : `refused.${refused}`)
      : result === undefined
        ? ""
        : checkWords(say, language, status, result);
  return (
    <li class="strip">
      <div class="strip-head">
        <h4>
          {unit.name}
          <span class="soft">{placeOf(say, unit, outputKind(say, output.kind))}</span>
        </h4>
        <button
          type="button"
          class="small"
          aria-label={say("sound.check_name", { name: unit.name })}
          aria-disabled={isOff}
          onClick={() => {
            if (!isOff) desk.check(unit.unit);
          }}
        >
          {say("sound.check")}
        </button>
      </div>
      <Figures unit={unit} output={output} />
      {output.turned_down_db < 0 && (
        <p class="warning">
          {say("sound.turned_down", { gain: decibels(language, output.turned_down_db) })}
        </p>
      )}
      <p role="status" class={`check ${isBad ? "warning" : ""}`}>
        {words}
      </p>
    </li>
  );
}

function Figures({ unit, output }: { unit: UnitStatus; output: OutputStatus }) {
  const { say, language } = useWords();
  const { delay_ms, underruns } = output;
  const told = [
    say(outputState(unit, output)),
    delay_ms === null ? "" : say("sound.delay", { ms: milliseconds(language, delay_ms) }),
    counted(say, language, underruns, "sound.underruns_one", "sound.underruns_other"),
  ].filter((text) => text !== "");
  return <p class="figures">{told.join(" · ")}</p>;
}

/** In one word. */
export function outputState(unit: UnitStatus, output: OutputStatus) {
  if (!unit.connected) return "host.away";
  return output.playing ? "host.playing" : "host.silent";
}
