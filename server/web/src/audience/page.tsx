/** The page of one room, as far as the room has come. */

import { useEffect, useState } from "preact/hooks";
import type { Player } from "../audio/player.ts";
import { useWords } from "../i18n/words.ts";
import type { OwnAnswer } from "../recording/own_answer.ts";
import type { HubClient } from "../room/hub_client.ts";
import type { Kept } from "../ui/fragment.ts";
import { Header } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import type { RoomView } from "../wire/messages.ts";
import { FromTheBeginning } from "./again.tsx";
import { Announcements } from "./announcements.tsx";
import { Before, Ended } from "./before.tsx";
import { Closed } from "./closed.tsx";
import { Crowd } from "./crowd.tsx";
import { HandBar } from "./hand_bar.tsx";
import { ownHand } from "./hand_state.ts";
import { Hero } from "./hero.tsx";
import { Line, Speaking } from "./line.tsx";
import type { RoomLink } from "./link.ts";
import type { OwnNews } from "./own_news.ts";
import { OwnQuestions, TakeOut } from "./own_questions.tsx";
import { OwnVoice } from "./own_voice_slot.tsx";
import { Poll } from "./poll.tsx";
import type { Presence } from "./presence.ts";
import { Reactions } from "./reactions.tsx";
import { SpeakNote } from "./speak_note.tsx";
import { ownTurn } from "./turn.tsx";
import { Venue } from "./venue.tsx";
import { Welcome } from "./welcome.tsx";

interface Props {
  hub: HubClient;
  player: Player;
  link: RoomLink;
  presence: Presence;
  own: OwnAnswer;
  news: OwnNews;
  tab: Kept | null;
  /** The code of a table was used, or is not wanted. */
  onSeatDone: () => void;
}

export function Page(props: Props) {
  const { hub, news, own } = props;
  const [isChanging, setChanging] = useState(false);
  const view = useStore(hub.room, (room) => room.view);
  const me = useStore(hub.room, (room) => room.participant);
  const isRefused = useStore(hub.room, (room) => room.link === "refused");
  const turn = ownTurn(view, me);
  const isLive = view?.phase === "live";
  useTitle(view?.title ?? null, turn !== null);
  return (
    <>
      <Header />
      <Announcements view={view} me={me} news={news} />
      <Venue room={hub.room} />
      <main class="room">
        {view !== null && (
          <OwnVoice {...props} view={view} turn={turn} hand={ownHand(view, me)?.hand ?? null} />
        )}
        {isLive && !isRefused && (
          <OwnQuestions
            own={own}
            view={view}
            me={me}
            isChanging={isChanging}
            onDone={() => setChanging(false)}
          />
        )}
        {view !== null && !isRefused && (isChanging || view.recording === null) && (
          <TakeOut own={own} />
        )}
        {isLive && !isRefused && <Poll hub={hub} view={view} />}
        <Hero {...props} view={view} me={me} onChange={() => setChanging(true)}>
          {isRefused && <Closed hub={hub} />}
        </Hero>
        {view !== null && !isRefused && <Columns {...props} view={view} me={me} />}
      </main>
      {isLive && turn === null && !isRefused && (
        <footer class="foot">
          <HandBar {...props} view={view} me={me} />
        </footer>
      )}
    </>
  );
}

interface InRoom extends Props {
  view: RoomView;
  me: string | null;
}

function Columns(props: InRoom) {
  const { hub, link, presence, view, me } = props;
  const inHall = useStore(presence.store, (now) => now.inHall);
  if (view.phase === "ended") {
    return (
      <div class="columns">
        <Ended hub={hub} view={view} link={link} />
      </div>
    );
  }
  if (view.phase !== "live") {
    return (
      <div class="columns">
        <Before view={view} room={hub.room} link={link} />
        <Crowd hub={hub} view={view} link={link} presence={presence} />
      </div>
    );
  }
  return (
    <div class="columns">
      <Welcome inHall={inHall} />
      <Speaking view={view} room={hub.room} />
      <Reactions hub={hub} isRecorded={view.recording !== null} />
      {view.recording?.terms.catch_up === true && <FromTheBeginning hub={hub} link={link} />}
      <Line view={view} me={me} />
      <Crowd hub={hub} view={view} link={link} presence={presence} />
      {!inHall && <SpeakNote />}
    </div>
  );
}

function useTitle(title: string | null, isTurn: boolean): void {
  const { say } = useWords();
  const words = isTurn ? say("page.turn_title") : say("page.title", { title: title ?? "Parvis" });
  useEffect(() => {
    document.title = words;
    if (isTurn) navigator.vibrate?.([200, 100, 200]);
  }, [words, isTurn]);
}
