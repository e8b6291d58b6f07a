/** One's own voice on the audience's page: from the line to the air and back. Loaded when needed. */

import { useEffect, useRef, useState } from "preact/hooks";
import { isOwnVoice } from "../audience/own_voice.ts";
import type { Presence } from "../audience/presence.ts";
import { SPEAK_WORDS } from "../i18n/speak_words.ts";
import { learnWords, useWords } from "../i18n/words.ts";
import type { OwnAnswer } from "../recording/own_answer.ts";
import { Announcement } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import type { Hand, RoomView, Turn } from "../wire/messages.ts";
import { Card } from "./card.tsx";
import { exposeVoice } from "./diagnostics.ts";
import { mutedWords, OnStage } from "./on_stage.tsx";
import { Speaking, type SpeakingParts } from "./speaking.ts";
import "./speak.css";

learnWords(SPEAK_WORDS);

export interface PartProps extends Omit<SpeakingParts, "room" | "secret"> {
  link: { room: string; secret: string | null };
  presence: Presence;
  own: OwnAnswer;
  view: RoomView;
  hand: Hand | null;
  turn: Turn | null;
}

export function Part(props: PartProps) {
  const { hub, player, link, tab, presence, own, view, hand, turn } = props;
  useStore(own.store, (now) => now.kept);
  const inHall = useStore(presence.store, (now) => now.inHall);
  const [speaking] = useState(
    () => new Speaking({ hub, player, room: link.room, secret: link.secret, tab }),
  );
  useEffect(() => {
    exposeVoice(speaking);
    return () => speaking.close();
  }, [speaking]);
  const isInLine = turn === null && isOwnVoice(hand, inHall);
  const isOurs = isOwnVoice(turn, inHall);
  const isWanted = isInLine || isOurs;
  useEffect(() => {
    if (!isWanted) speaking.tap("leave");
  }, [isWanted, speaking]);
  // The two questions stand in its place: no microphone opens before they are answered.
  const mustAnswer = view.recording !== null && own.to(view.recording) === null;
  const isHeld = mustAnswer && turn?.state === "granted";
  const way = { hub, player, presence, link };
  return (
    <>
      <News speaking={speaking} turn={isOurs ? turn : null} />
      {isOurs && turn !== null && !isHeld && (
        <OnStage speaking={speaking} turn={turn} view={view} way={way} room={hub.room} />
      )}
      {isInLine && <Card speaking={speaking} way={way} />}
    </>
  );
}

interface NewsProps {
  speaking: Speaking;
  turn: Turn | null;
}

/** What has to be heard at once by those who see no screen: on the air, muted, lost, closed. */
function News({ speaking, turn }: NewsProps) {
  const { say } = useWords();
  const state = useStore(speaking.store, (now) => now.state);
  const mute = useStore(speaking.store, (now) => now.mute);
  const wasLive = useRef(false);
  const isOnAir = speaking.isOnAir;
  if (isOnAir) wasLive.current = true;
  const words = () => {
    if (isOnAir) return `${say("voice.on_air")}. ${say("voice.on_air_hint")}`;
    if (state === "muted") return `${say("voice.muted")}. ${say(mutedWords(mute))}`;
    if (state === "lost") return `${say("voice.lost")}. ${say("voice.lost_hint")}`;
    if (turn?.state === "granted") return `${say("turn.title")}. ${say("voice.turn_hint")}`;
    return turn === null && wasLive.current ? say("voice.closed") : "";
  };
  return <Announcement text={words()} urgent />;
}
