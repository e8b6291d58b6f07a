/** The square with its door; in the hall, in its place, the table. */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Player } from "../audio/player.ts";
import { useWords } from "../i18n/words.ts";
import { isRecorded, type OwnAnswer } from "../recording/own_answer.ts";
import { RecordingSign } from "../recording/sign.tsx";
import type { HubClient } from "../room/hub_client.ts";
import { useStore } from "../ui/store.ts";
import type { RoomView } from "../wire/messages.ts";
import { HallSwitch, InHall, SeatForm } from "./hall.tsx";
import type { RoomLink } from "./link.ts";
import { Portal } from "./portal.tsx";
import type { Presence } from "./presence.ts";
import { SoundStatus } from "./sound_status.tsx";

interface Props {
  hub: HubClient;
  player: Player;
  link: RoomLink;
  presence: Presence;
  own: OwnAnswer;
  view: RoomView | null;
  me: string | null;
  onSeatDone: () => void;
  /** One wants to answer otherwise to the questions of the recording. */
  onChange: () => void;
  /** What is said in the place of the sound when the room is closed to this page. */
  children: ComponentChildren;
}

export function Hero(props: Props) {
  const { hub, player, link, presence, own, view, me, onSeatDone, children } = props;
  const inHall = useStore(presence.store, (now) => now.inHall);
  const audio = useStore(player.store, (now) => now.state);
  const canPlay = player.abilities.webAssembly && player.abilities.audioContext;
  const hasMp3 = player.abilities.mp3;
  const isShut = Boolean(children);
  // Before the room is known, the door is there: most who come find it live.
  const hasSound = view === null || view.phase === "live";
  useStore(own.store, (now) => now.kept);
  const seat = view?.seats.find((one) => one.participant === me) ?? null;
  const choose = (isHere: boolean) => {
    if (isHere) player.stop();
    presence.setInHall(isHere);
  };
  return (
    <div class="hero">
      <h1 lang={view?.about?.language}>{view?.title ?? "Parvis"}</h1>
      {view !== null && !isShut && seat === null && (
        <Scanned
          code={link.seat}
          hub={hub}
          presence={presence}
          onSit={() => choose(true)}
          onDone={onSeatDone}
        />
      )}
      {/* Before there is anything to hear. */}
      <RecordingSign
        recording={isShut ? null : (view?.recording ?? null)}
        answer={own.to(view?.recording ?? null)}
        isRecorded={view === null ? null : isRecorded(view, me)}
        onChange={props.onChange}
      />
      {inHall && !isShut && <InHall seat={seat} hub={hub} />}
      {!inHall && hasSound && canPlay && (
        <Portal
          audio={audio}
          room={hub.room}
          onTap={() => player.tap()}
          onStop={() => player.stop()}
        />
      )}
      {!inHall && hasSound && !canPlay && (
        <PlainPlayer player={player} isIn={view !== null && !isShut} />
      )}
      {!inHall && hasSound && canPlay && !isShut && (
        <SoundStatus hub={hub} player={player} hasMp3={hasMp3} />
      )}
      {children}
      {view !== null && view.phase !== "ended" && !isShut && (
        <HallSwitch isOn={inHall} onChange={choose} />
      )}
    </div>
  );
}

interface ScannedProps {
  code: string | null;
  hub: HubClient;
  presence: Presence;
  onSit: () => void;
  onDone: () => void;
}

/** The code of a table, until one sits there or does not want to. */
function Scanned({ code, hub, presence, onSit, onDone }: ScannedProps) {
  const [isOpen, setOpen] = useState(code !== null);
  if (!isOpen || code === null) return null;
  return (
    <SeatForm
      hub={hub}
      presence={presence}
      code={code}
      onSit={() => {
        onSit();
        onDone();
      }}
      onCancel={() => {
        setOpen(false);
        onDone();
      }}
    />
  );
}

/** For browsers without WebAssembly or Web Audio. */
function PlainPlayer({ player, isIn }: { player: Player; isIn: boolean }) {
  const { say } = useWords();
  const [path, setPath] = useState<string | null>(null);
  useEffect(() => {
    if (isIn) void Promise.resolve(player.findStream()).then(setPath);
  }, [player, isIn]);
  if (!player.abilities.mp3) return <p class="closed">{say("error.no_audio")}</p>;
  return (
    <div class="closed">
      <p>{say("error.browser")}</p>
      {/* biome-ignore lint/a11y/useMediaCaption: a live room has no captions yet */}
      <audio controls preload="none" src={path ?? undefined} />
    </div>
  );
}
