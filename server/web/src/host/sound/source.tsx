/** One source's way into the mix: gain, priority, sharing, mute. */

import { useWords } from "../../i18n/words.ts";
import { LevelBar } from "../../ui/shell.tsx";
import type { SourceStatus, UnitStatus } from "../../wire/messages.ts";
import {
  type Desk,
  GAIN_RANGE_DB,
  GAIN_STEP_DB,
  gainToBeginWith,
  PRIORITY_RANGE_DB,
  PRIORITY_STEP_DB,
} from "./desk.ts";
import { counted, decibels, milliseconds, partsPerMillion } from "./figures.ts";
import { MuteButton } from "./mute.tsx";
import { keptOut, placeOf, sourceKind } from "./words.ts";

interface Props {
  desk: Desk;
  unit: UnitStatus;
  source: SourceStatus;
}

export function SourceStrip({ desk, unit, source }: Props) {
  const { say } = useWords();
  const { priority_db, shared } = desk.setting(unit.unit, source);
  const why = keptOut(say, source);
  return (
    <li class="strip">
      <div class="strip-head">
        <h4>
          {unit.name}
          <span class="soft">{placeOf(say, unit, sourceKind(say, source.kind))}</span>
        </h4>
        <MuteButton desk={desk} unit={unit} source={source} />
      </div>
      <LevelBar level_db={unit.connected ? unit.level_dbfs : null} />
      <Figures source={source} />
      {why !== "" && <p class="warning">{why}</p>}
      <Gain desk={desk} unit={unit} source={source} />
      <Slider
        word={say("sound.priority")}
        name={say("sound.priority_name", { name: unit.name })}
        range={PRIORITY_RANGE_DB}
        step={PRIORITY_STEP_DB}
        value={priority_db}
        onSlide={(value) => desk.slide(unit.unit, source, { priority_db: value })}
      />
      <label class="tick">
        <input
          type="checkbox"
          checked={shared}
          aria-label={say("sound.shared_name", { name: unit.name })}
          onChange={() => desk.press(unit.unit, source, { shared: !shared })}
        />
        {say("sound.shared")}
      </label>
    </li>
  );
}

function Figures({ source }: { source: SourceStatus }) {
  const { say, language } = useWords();
  const { delay_ms, drift_ppm, concealed } = source;
  const told = [
    delay_ms === null ? "" : say("sound.delay", { ms: milliseconds(language, delay_ms) }),
    drift_ppm === null ? "" : say("sound.drift", { ppm: partsPerMillion(language, drift_ppm) }),
    concealed === 0
      ? ""
      : counted(say, language, concealed, "sound.made_up_one", "sound.made_up_other"),
  ].filter((text) => text !== "");
  return told.length === 0 ? null : <p class="figures">{told.join(" · ")}</p>;
}

function Gain({ desk, unit, source }: Props) {
  const { say, language } = useWords();
  const { gain_db } = desk.setting(unit.unit, source);
  const isDesk = source.kind === "desk";
  const automatic = say(isDesk ? "sound.as_it_comes" : "sound.automatic");
  const choose = (by_hand: number | null) => () =>
    desk.press(unit.unit, source, { gain_db: by_hand });
  const adds =
    source.gain_db !== null
      ? say("sound.adds", { gain: decibels(language, source.gain_db) })
      : say(isDesk ? "sound.adds_nothing" : "sound.adds_unknown");
  const group = `gain-${unit.unit}`;
  return (
    <fieldset class="gain">
      <legend>{say("sound.gain_name", { name: unit.name })}</legend>
      <div class="choice">
        <label>
          <input type="radio" name={group} checked={gain_db === null} onChange={choose(null)} />
          <span>{automatic}</span>
        </label>
        <label>
          <input
            type="radio"
            name={group}
            checked={gain_db !== null}
            onChange={choose(gainToBeginWith(source))}
          />
          <span>{say("sound.by_hand")}</span>
        </label>
      </div>
      {gain_db === null ? (
        <p class="figures">{adds}</p>
      ) : (
        <Slider
          word={say("sound.gain")}
          name={say("sound.gain_name", { name: unit.name })}
          range={GAIN_RANGE_DB}
          step={GAIN_STEP_DB}
          value={gain_db}
          onSlide={(value) => desk.slide(unit.unit, source, { gain_db: value })}
        />
      )}
    </fieldset>
  );
}

interface SliderProps {
  word: string;
  name: string;
  range: readonly [number, number];
  step: number;
  value: number;
  onSlide(value: number): void;
}

function Slider({ word, name, range: [lowest, highest], step, value, onSlide }: SliderProps) {
  const { language } = useWords();
  const text = decibels(language, value);
  return (
    <div class="slider">
      <span class="slider-word" aria-hidden="true">
        {word}
      </span>
      <input
        type="range"
        aria-label={name}
        aria-valuetext={text}
        min={lowest}
        max={highest}
        step={step}
        value={value}
        onInput={(event) => onSlide(event.currentTarget.valueAsNumber)}
      />
      <span class="slider-value" aria-hidden="true">
        {text}
      </span>
    </div>
  );
}
