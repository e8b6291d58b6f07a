/** What the room is, how far it has come, and how many are in it. */

import { useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import { RecordingMark } from "../../recording/sign.tsx";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { RoomView } from "../../wire/messages.ts";
import { lastAsked } from "../asked.ts";
import { Confirm } from "../confirm.tsx";
import { rankOf } from "../people/heirs.ts";
import { counted } from "../sound/figures.ts";
import { PHASES, steps } from "./phase.ts";

interface Props {
  hub: HubClient;
  view: RoomView;
}

export function RoomHead({ hub, view }: Props) {
  const { say } = useWords();
  return (
    <header class="room-head">
      <h1 class="host-title">
        {view.title} <span class="soft">{say("host.title")}</span>
      </h1>
      <p class="room-state">
        <span class={`phase is-${view.phase}`}>{say(PHASES[view.phase])}</span>
        {view.recording !== null && <RecordingMark />}
        <Counts hub={hub} />
      </p>
      <PhaseSteps hub={hub} view={view} />
      <NoHostAnyMore hub={hub} view={view} />
      {view.autopilot && <p class="trouble">{say("host.autopilot")}</p>}
    </header>
  );
}

/** Who stepped down, or was given back to the audience, still has the page and its key. */
function NoHostAnyMore({ hub, view }: Props) {
  const { say } = useWords();
  const me = useStore(hub.room, (room) => room.participant);
  const isGone = me !== null && view.hosts.length > 0 && rankOf(view, me) === null;
  return (
    <div role="status">
      {isGone && (
        <p class="trouble">
          {say("hosts.gone")}{" "}
          <button type="button" class="small" onClick={() => hub.reopen()}>
            {say("hosts.again")}
          </button>
        </p>
      )}
    </div>
  );
}

function Counts({ hub }: { hub: HubClient }) {
  const { say, language } = useWords();
  const listeners = useStore(hub.room, (room) => room.status?.listeners ?? null);
  const in_hall = useStore(hub.room, (room) => room.status?.in_hall ?? 0);
  if (listeners === null) return null;
  return (
    <>
      <span class="listeners">
        {counted(say, language, listeners, "host.listeners_one", "host.listeners_other")}
      </span>
      {in_hall > 0 && (
        <span class="listeners">
          {counted(say, language, in_hall, "host.in_hall_one", "host.in_hall_other")}
        </span>
      )}
    </>
  );
}

function PhaseSteps({ hub, view }: Props) {
  const { say } = useWords();
  const me = useStore(hub.room, (room) => room.participant);
  const isWaiting = useStore(hub.room, ({ waiting }) => lastAsked(waiting, "set_phase") !== null);
  const [isAsking, setAsking] = useState(false);
  const go = (phase: RoomView["phase"]) => hub.wish({ type: "set_phase", phase });
  if (isAsking && view.phase !== "ended") {
    return (
      <Confirm
        question={say("phase.end_question")}
        yes={say("phase.end_yes")}
        no={say("phase.end_no")}
        onAnswer={(isSure) => {
          setAsking(false);
          if (isSure) go("ended");
        }}
      />
    );
  }
  return (
    <p class="phase-steps">
      {steps(view.phase, rankOf(view, me)).map((step) => (
        <button
          key={step.to}
          type="button"
          class={`small ${step.isMain ? "primary" : ""}`}
          aria-disabled={isWaiting}
          onClick={() => {
            if (isWaiting) return;
            if (step.isFinal) setAsking(true);
            else go(step.to);
          }}
        >
          {say(step.words)}
        </button>
      ))}
      <a class="jump" href="#invite">
        {say("host.invite")}
      </a>
    </p>
  );
}
