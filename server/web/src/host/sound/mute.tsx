/** Mute: one tap, in the calm view and in the panel. */

import { useWords } from "../../i18n/words.ts";
import type { SourceStatus, UnitStatus } from "../../wire/messages.ts";
import type { Desk } from "./desk.ts";

interface Props {
  desk: Desk;
  unit: UnitStatus;
  source: SourceStatus;
}

export function MuteButton({ desk, unit, source }: Props) {
  const { say } = useWords();
  const { muted } = desk.setting(unit.unit, source);
  return (
    <button
      type="button"
      class={`small mute ${muted ? "is-muted" : ""}`}
      aria-label={say(muted ? "host.unmute_name" : "host.mute_name", { name: unit.name })}
      onClick={() => desk.press(unit.unit, source, { muted: !muted })}
    >
      {say(muted ? "host.unmute" : "host.mute")}
    </button>
  );
}
