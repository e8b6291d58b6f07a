/** The host's console: everything of one evening on one page. */

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Player } from "../audio/player.ts";
import type { HubClient } from "../room/hub_client.ts";
import { later } from "../ui/later.tsx";
import { useStore } from "../ui/store.ts";
import type { RoomView } from "../wire/messages.ts";
import type { HostApi } from "./api.ts";
import { ShowOfHands } from "./ask.tsx";
import { Floor } from "./floor/floor.tsx";
import { RoomHead } from "./head/head.tsx";
import { Invites } from "./invites/invites.tsx";
import { Strangers } from "./join/strangers.tsx";
import { Help } from "./keys/help.tsx";
import type { KeyAct } from "./keys/keys.ts";
import { type KeyHands, useKeys, useLetterSwitch } from "./keys/use_keys.ts";
import { Attention, useBellSwitch } from "./line/attention.tsx";
import { HostLine } from "./line/line.tsx";
import { NextButton, Refused } from "./line/next.tsx";
import { LinkLine } from "./link_line.tsx";
import { People } from "./people/people.tsx";
import { Rules } from "./rules/rules.tsx";
import { SilenceButton, Silencer } from "./silence/silence.tsx";
import { Alarms } from "./sound/alarms.tsx";
import type { Desk } from "./sound/desk.ts";
import { UndoBar } from "./undo.tsx";
import { Units } from "./units/units.tsx";
import { Warnings } from "./watch/warnings.tsx";
import type { Watch } from "./watch/watch.ts";

// All are below what a host sees first, and the first load has a limit.
const SoundPanel = later(() => import("./sound/panel.tsx").then((part) => part.SoundPanel));
const RecordingCard = later(() =>
  import("./recording/recording.tsx").then((part) => part.RecordingCard),
);
const AboutCard = later(() => import("./about/about.tsx").then((part) => part.AboutCard));
const PastRecordings = later(() =>
  import("./recording/past.tsx").then((part) => part.PastRecordings),
);
const Walk = later(() => import("./walk/walk.tsx").then((part) => part.Walk));

interface Props {
  hub: HubClient;
  player: Player;
  desk: Desk;
  watch: Watch;
  api: HostApi;
  view: RoomView;
}

export function Console(props: Props) {
  const { hub, view, watch, desk } = props;
  const status = useStore(hub.room, (room) => room.status);
  const isWalking = useStore(watch.turns, () => watch.walk !== null);
  const silencer = useMemo(() => new Silencer(hub), [hub]);
  const bell = useBellSwitch();
  const letters = useLetterSwitch();
  const [isHelping, setHelping] = useState(false);
  const hands = useMemo(() => keyHands(hub, silencer, () => setHelping(true)), [hub, silencer]);
  useKeys(hands, letters[0]);
  const help = (
    <Help
      hasLetters={letters[0]}
      onLetters={letters[1]}
      rings={bell[0]}
      onRings={bell[1]}
      isOpen={isHelping}
      onToggle={setHelping}
    />
  );
  return (
    <>
      <main class={`host ${view.silenced ? "is-silenced" : ""}`}>
        <LinkLine hub={hub} />
        <RoomHead hub={hub} view={view} />
        <Alarms status={status} />
        <Warnings watch={watch} />
        <Strangers status={status} />
        <Attention view={view} rings={bell[0]} />
        {isWalking && status !== null ? (
          <Walk hub={hub} desk={desk} watch={watch} status={status} />
        ) : (
          <Columns {...props} help={help} />
        )}
      </main>
      <footer class="foot">
        <div class="host-bar">
          <UndoBar hub={hub} view={view} />
          <Refused hub={hub} />
          <SilenceButton hub={hub} silencer={silencer} />
          <NextButton hub={hub} view={view} />
        </div>
      </footer>
    </>
  );
}

interface ColumnsProps extends Props {
  help: ComponentChildren;
}

function Columns({ hub, player, desk, watch, api, view, help }: ColumnsProps) {
  const status = useStore(hub.room, (room) => room.status);
  return (
    <div class="host-columns">
      <div>
        <Floor hub={hub} view={view} />
        <HostLine hub={hub} view={view} />
        <ShowOfHands hub={hub} view={view} />
        <People hub={hub} view={view} api={api} />
      </div>
      <div>
        <RecordingCard hub={hub} view={view} />
        <PastRecordings hub={hub} view={view} api={api} />
        <Rules hub={hub} view={view} />
        <Units
          desk={desk}
          hub={hub}
          view={view}
          api={api}
          watch={watch}
          units={status?.units ?? []}
          onWalk={() => watch.startWalk()}
        />
        <Invites hub={hub} view={view} api={api} player={player} />
        <AboutCard hub={hub} view={view} />
        {help}
      </div>
      <SoundPanel desk={desk} hub={hub} status={status} />
    </div>
  );
}

/** What each key does on this page. */
function keyHands(hub: HubClient, silencer: Silencer, onHelp: () => void): KeyHands {
  const acts: Record<KeyAct, () => void> = {
    next: () => {
      if (hub.room.value.view?.line.length) hub.wish({ type: "next" });
    },
    silence: () => silencer.press(),
    undo: () => {
      if (hub.room.value.view?.desk?.undo) hub.wish({ type: "undo" });
    },
    help: () => {
      onHelp();
      // Drawn first, then looked at.
      requestAnimationFrame(() => document.getElementById("help")?.focus());
    },
  };
  return {
    down: (act) => acts[act](),
    up: (act) => {
      if (act === "silence") silencer.release();
    },
  };
}
