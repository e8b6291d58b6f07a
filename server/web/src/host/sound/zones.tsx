/** Which zones hear their own microphones. */

import { useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import type { HubClient, Refusal } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { Status } from "../../wire/messages.ts";
import type { Desk } from "./desk.ts";
import { milliseconds } from "./figures.ts";
import { capital, zoneName } from "./words.ts";

/** `parvis_server.media.zones.LIFT_PATH_MS`. */
const LIFT_PATH_MS = 30;

interface Props {
  desk: Desk;
  hub: HubClient;
  status: Status;
}

/** Zones that have a loudspeaker to hear themselves from, and those that do already. */
export function zonesToLift(status: Status): string[] {
  const zones = status.units
    .filter(({ output }) => output?.kind === "loudspeaker" || output?.kind === "line")
    .flatMap(({ zone }) => (zone === null ? [] : [zone]));
  return [...new Set([...zones, ...status.lifted])].sort();
}

export function Zones({ desk, hub, status }: Props) {
  const { say } = useWords();
  const zones = zonesToLift(status);
  if (zones.length === 0) return null;
  return (
    <section aria-labelledby="zones">
      <h3 id="zones">{say("sound.zones")}</h3>
      <p class="soft">{say("lift.hint")}</p>
      <ul class="strips">
        {zones.map((zone) => (
          <ZoneStrip key={zone} zone={zone} desk={desk} hub={hub} status={status} />
        ))}
      </ul>
    </section>
  );
}

function ZoneStrip({ zone, desk, hub, status }: Props & { zone: string }) {
  const { say } = useWords();
  const [isFar, setFar] = useState(false);
  const name = capital(zoneName(say, zone));
  const isLifted = desk.lifted(zone, status);
  const refused = useStore(hub.room, (room) =>
    room.refused?.wish.type === "set_lift" && room.refused.wish.zone === zone ? room.refused : null,
  );
  return (
    <li class="strip">
      <h4>
        {name}
        <span class="soft">{say(isLifted ? "lift.on" : "lift.off")}</span>
      </h4>
      {!isLifted && (
        <label class="tick">
          <input
            type="checkbox"
            checked={isFar}
            aria-label={say("lift.far_name", { zone: name })}
            onChange={() => setFar(!isFar)}
          />
          {say("lift.far")}
        </label>
      )}
      <button
        type="button"
        class="small"
        aria-label={say(isLifted ? "lift.stop_name" : "lift.start_name", { zone: name })}
        onClick={() => desk.setLift(zone, !isLifted, isFar)}
      >
        {say(isLifted ? "lift.stop" : "lift.start")}
      </button>
      <RefusedLift refused={refused} />
    </li>
  );
}

function RefusedLift({ refused }: { refused: Refusal | null }) {
  const { say, language } = useWords();
  return (
    <p role="status" class="check warning">
      {refused !== null && say(`refused.${refused.code}`)}
      {refused !== null &&
        refused.figureMs !== null &&
        refused.figureMs > LIFT_PATH_MS && // else something else refused it
        ` ${say("lift.measured", {
          ms: milliseconds(language, refused.figureMs),
          limit: milliseconds(language, LIFT_PATH_MS),
        })}`}
    </p>
  );
}
