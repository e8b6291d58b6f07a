/** Everything technical, one fold away: sources, outputs, zones and the automatic mix. */

import { useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { Status } from "../../wire/messages.ts";
import { type Desk, isOfTheMix } from "./desk.ts";
import { OutputStrip } from "./output.tsx";
import { Sharing } from "./sharing.tsx";
import { SourceStrip } from "./source.tsx";
import { Zones } from "./zones.tsx";

interface Props {
  desk: Desk;
  hub: HubClient;
  status: Status | null;
}

export function SoundPanel({ desk, hub, status }: Props) {
  const { say } = useWords();
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      class="card fold sound"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <h2>{say("sound.title")}</h2>
        <span class="soft">{say("sound.hint")}</span>
      </summary>
      {isOpen && status !== null && <Inside desk={desk} hub={hub} status={status} />}
    </details>
  );
}

function Inside({ desk, hub, status }: Props & { status: Status }) {
  const { say } = useWords();
  useStore(desk.turns, (turns) => turns.count);
  const sources = status.units.flatMap((unit) =>
    unit.source === null
      ? []
      : [<SourceStrip key={unit.unit} desk={desk} unit={unit} source={unit.source} />],
  );
  const outputs = status.units.flatMap((unit) => {
    const { output } = unit;
    if (output === null) return [];
    const props = { desk, hub, status, unit, output };
    return [<OutputStrip key={unit.unit} {...props} />];
  });
  return (
    <div class="sound-inside">
      <RefusedSetting hub={hub} />
      <Sharing desk={desk} status={status} />
      {sources.length + outputs.length === 0 && <p class="soft">{say("sound.nothing")}</p>}
      {sources.length > 0 && (
        <section aria-labelledby="sources">
          <h3 id="sources">{say("sound.sources")}</h3>
          <ul class="strips">{sources}</ul>
        </section>
      )}
      {outputs.length > 0 && (
        <section aria-labelledby="outputs">
          <h3 id="outputs">{say("sound.outputs")}</h3>
          <ul class="strips">{outputs}</ul>
        </section>
      )}
      <Zones desk={desk} hub={hub} status={status} />
    </div>
  );
}

/** Refusals that no strip shows itself. */
function RefusedSetting({ hub }: { hub: HubClient }) {
  const { say } = useWords();
  const code = useStore(hub.room, ({ refused }) =>
    refused !== null && isOfTheMix(refused.wish) && !isShownInPlace(refused.wish.type)
      ? refused.code
      : null,
  );
  return (
    <p role="status" class="check warning">
      {code !== null && say(`refused.${code}`)}
    </p>
  );
}

function isShownInPlace(type: string): boolean {
  return type === "set_lift" || type === "check_sound";
}
