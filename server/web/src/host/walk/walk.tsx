/** The sound check: walk round, say a word at each unit, and see what is not ready yet. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { LevelBar } from "../../ui/shell.tsx";
import { useStore } from "../../ui/store.ts";
import type { Status } from "../../wire/messages.ts";
import type { Desk } from "../sound/desk.ts";
import { decibelsFullScale } from "../sound/figures.ts";
import { checkWords } from "../sound/words.ts";
import type { Watch } from "../watch/watch.ts";
import { faults, type Tick } from "./walk.ts";
import { faultWords, kindWords } from "./words.ts";

interface Props {
  hub: HubClient;
  desk: Desk;
  watch: Watch;
  status: Status;
}

export function Walk(props: Props) {
  const { watch, status } = props;
  const { say } = useWords();
  const title = useRef<HTMLHeadingElement>(null);
  useStore(watch.turns, (turns) => turns.count);
  // The page changed under the finger: whoever listens to it is told where they are.
  useLayoutEffect(() => title.current?.focus(), []);
  const ticks = watch.walk?.ticks(status, (unit) => watch.links.quality(unit)) ?? [];
  return (
    <section class="card walk" aria-labelledby="walk">
      <h2 id="walk" tabIndex={-1} ref={title}>
        {say("walk.title")}
      </h2>
      <p>{say("walk.hint")}</p>
      <ul class="ticks">
        {ticks.map((tick) => (
          <TickRow key={tick.id} {...props} tick={tick} />
        ))}
      </ul>
      <Verdict ticks={ticks} />
      <button type="button" class="big" onClick={() => watch.endWalk()}>
        {say("walk.back")}
      </button>
    </section>
  );
}

function TickRow({ tick, ...tools }: Props & { tick: Tick }) {
  const { say } = useWords();
  const state = tick.fault === null ? "done" : tick.isOpen ? "open" : "fault";
  const unit = tools.status.units.find((one) => one.unit === tick.unit);
  const kind = kindWords(say, tick);
  return (
    <li class={`check-row is-${state}`}>
      <TickMark state={state} />
      <span class="check-words">
        <span class="unit-name">{tick.name === "" ? kind : tick.name}</span>{" "}
        {tick.name !== "" && <span class="soft">{kind}</span>}
        <Figures tick={tick} />
        {tick.fault !== null && <span class="check-fault">{faultWords(say, tick)}</span>}
      </span>
      {unit !== undefined && tick.kind !== "output" && (
        <LevelBar level_db={unit.connected ? unit.level_dbfs : null} />
      )}
      {tick.kind === "output" && tick.fault !== "away" && <OutputTest {...tools} tick={tick} />}
    </li>
  );
}

/** No microphone is quieter than this: it is switched off between words. */
const SILENT_DBFS = -90;

const SIGNS = { done: "✓", open: "…", fault: "!" } as const;

function TickMark({ state }: { state: keyof typeof SIGNS }) {
  const { say } = useWords();
  return (
    <span
      class="tick-mark"
      role="img"
      aria-label={say(
        state === "done" ? "walk.done" : state === "open" ? "walk.open" : "walk.fault",
      )}
    >
      {SIGNS[state]}
    </span>
  );
}

function Figures({ tick }: { tick: Tick }) {
  const { say, language } = useWords();
  const { voiceDbfs, noiseDbfs } = tick;
  if (voiceDbfs === null || noiseDbfs === null) return null;
  const voice = decibelsFullScale(language, voiceDbfs);
  const noise = decibelsFullScale(language, noiseDbfs);
  const isSilent = noiseDbfs < SILENT_DBFS;
  return (
    <span class="figures">
      {isSilent ? say("walk.figures_silent", { voice }) : say("walk.figures", { voice, noise })}
    </span>
  );
}

/** Only ears tell whether a loudspeaker sounds; the hub tells whether it comes back. */
function OutputTest({ desk, watch, status, tick }: Props & { tick: Tick }) {
  const { say, language } = useWords();
  const output = tick.unit ?? "";
  const check = status.checks.find((one) => one.output === output);
  const answer = (isHeard: boolean) => () => {
    watch.walk?.answer(output, isHeard);
    watch.turn();
  };
  const play = () => {
    watch.walk?.playAgain(output);
    desk.check(output);
    watch.turn();
  };
  const { name } = tick;
  return (
    <span class="row-acts output-test">
      <button
        type="button"
        class="small"
        aria-label={say("walk.play_name", { name })}
        onClick={play}
      >
        {say("walk.play")}
      </button>
      {check !== undefined && (
        <>
          <button
            type="button"
            class="small"
            aria-label={say("walk.heard_name", { name })}
            onClick={answer(true)}
          >
            {say("walk.heard")}
          </button>
          <button
            type="button"
            class="small"
            aria-label={say("walk.not_heard_name", { name })}
            onClick={answer(false)}
          >
            {say("walk.not_heard")}
          </button>
          {check.state !== "unheard" && (
            <span class="soft">{checkWords(say, language, status, check)}</span>
          )}
        </>
      )}
    </span>
  );
}

/** *Ready*, or one sentence for each fault. */
function Verdict({ ticks }: { ticks: readonly Tick[] }) {
  const { say } = useWords();
  const left = faults(ticks);
  return (
    <div class={`verdict ${left.length === 0 ? "is-ready" : ""}`} role="status">
      {left.length === 0 ? (
        <strong>{say("walk.ready")}</strong>
      ) : (
        <strong>
          {say(left.length === 1 ? "walk.left_one" : "walk.left_other", { count: left.length })}
        </strong>
      )}
    </div>
  );
}
