/** The rules of the floor: each change counts at once, and is undone like everything else. */

import { useWords, type WordKey } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { FloorMode, FloorRules, RoomView } from "../../wire/messages.ts";
import { rulesShown } from "../asked.ts";
import { roughly } from "../clock.ts";
import { Fold } from "../fold.tsx";
import { MAX_CAP, MODES, timesToChoose } from "./words.ts";

interface Props {
  hub: HubClient;
  view: RoomView;
}

export function Rules({ hub, view }: Props) {
  const { say } = useWords();
  const waiting = useStore(hub.room, (room) => room.waiting);
  const rules = rulesShown(view, waiting);
  const set = (change: Partial<FloorRules>) =>
    hub.wish({ type: "set_rules", rules: { ...rules, ...change } });
  return (
    <Fold title={say("rules.title")} hint={say(MODES[rules.mode].name)} class="rules">
      {() => (
        <>
          <Modes mode={rules.mode} onMode={(mode) => set({ mode })} />
          <Cap cap={rules.cap} onCap={(cap) => set({ cap })} />
          <TurnTime turn_s={rules.turn_s} onTime={(turn_s) => set({ turn_s })} />
          <Switch
            word="rules.takes_hands"
            isOn={rules.takes_hands}
            onFlip={(takes_hands) => set({ takes_hands })}
          />
          <Switch
            word="rules.fresh_first"
            isOn={rules.fresh_first}
            onFlip={(fresh_first) => set({ fresh_first })}
          />
          <Switch
            word="rules.replies"
            isOn={rules.replies}
            onFlip={(replies) => set({ replies })}
          />
          <Switch
            word="rules.shows_counts"
            isOn={rules.shows_counts}
            onFlip={(shows_counts) => set({ shows_counts })}
          />
        </>
      )}
    </Fold>
  );
}

function Modes({ mode, onMode }: { mode: FloorMode; onMode: (mode: FloorMode) => void }) {
  const { say } = useWords();
  return (
    <fieldset class="modes">
      <legend>{say("rules.mode")}</legend>
      {(Object.keys(MODES) as FloorMode[]).map((one) => (
        <label key={one} class="mode">
          <input type="radio" name="mode" checked={one === mode} onChange={() => onMode(one)} />
          <span>
            <strong>{say(MODES[one].name)}</strong>
            <span class="soft">{say(MODES[one].hint)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Cap({ cap, onCap }: { cap: number; onCap: (cap: number) => void }) {
  const { say } = useWords();
  const step = (by: number) => () => {
    const wanted = cap + by;
    if (wanted >= 1 && wanted <= MAX_CAP) onCap(wanted);
  };
  return (
    <fieldset class="stepper">
      <legend>{say("rules.cap")}</legend>
      <button
        type="button"
        class="small"
        aria-label={say("rules.cap_less")}
        aria-disabled={cap <= 1}
        onClick={step(-1)}
      >
        −
      </button>
      <output aria-live="polite">{cap}</output>
      <button
        type="button"
        class="small"
        aria-label={say("rules.cap_more")}
        aria-disabled={cap >= MAX_CAP}
        onClick={step(1)}
      >
        +
      </button>
    </fieldset>
  );
}

interface TimeProps {
  turn_s: number | null;
  onTime: (turn_s: number | null) => void;
}

function TurnTime({ turn_s, onTime }: TimeProps) {
  const { say, language } = useWords();
  return (
    <label class="field">
      {say("rules.turn_time")}
      <select
        value={String(turn_s ?? 0)}
        onChange={(event) => onTime(Number(event.currentTarget.value) || null)}
      >
        {timesToChoose(turn_s).map((one) => (
          <option key={one ?? 0} value={String(one ?? 0)}>
            {one === null ? say("rules.no_timer") : roughly(say, language, one * 1000)}
          </option>
        ))}
      </select>
    </label>
  );
}

interface SwitchProps {
  word: WordKey;
  isOn: boolean;
  onFlip: (isOn: boolean) => void;
}

export function Switch({ word, isOn, onFlip }: SwitchProps) {
  const { say } = useWords();
  return (
    <label class="tick">
      <input type="checkbox" checked={isOn} onChange={() => onFlip(!isOn)} />
      {say(word)}
    </label>
  );
}
