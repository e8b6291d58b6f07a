/** The audience's page: listen, see who speaks, stand in the line. */

import { render } from "preact";
import { useEffect } from "preact/hooks";
import { MP3_PATH } from "../audio/mp3_stream.ts";
import { chooseLanguage, useWords } from "../i18n/words.ts";
import { openSession, type Session } from "../ui/session.ts";
import { Announcement, closedWords, Header } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import { placeInLine } from "../wire/room_view.ts";
import { type Standing, standing } from "../wire/standing.ts";
import { HandBar } from "./hand_bar.tsx";
import { Line, Speaking } from "./line.tsx";
import { Portal } from "./portal.tsx";
import { SoundStatus } from "./sound_status.tsx";
import { ownTurn, TurnBanner } from "./turn.tsx";

function Page({ hub, player }: Session) {
  const view = useStore(hub.room, (room) => room.view);
  const me = useStore(hub.room, (room) => room.participant);
  const isRefused = useStore(hub.room, (room) => room.link === "refused");
  const audio = useStore(player.store, (now) => now.state);
  const turn = ownTurn(view, me);
  const stand: Standing = view === null || me === null ? "idle" : standing(view, me, "phone");
  const place = view === null || me === null ? null : placeInLine(view, me);
  const canPlay = player.abilities.webAssembly && player.abilities.audioContext;
  useTitle(view?.title ?? null, turn !== null);
  return (
    <>
      <Header />
      <OwnNews standing={stand} place={place} table={turn?.unit_name ?? null} />
      <main class="room">
        {turn !== null && <TurnBanner turn={turn} hub={hub} />}
        <div class="hero">
          <h1>{view?.title ?? "Parvis"}</h1>
          {canPlay ? (
            <Portal
              audio={audio}
              room={hub.room}
              onTap={() => player.tap()}
              onStop={() => player.stop()}
            />
          ) : (
            <PlainPlayer hasMp3={player.abilities.mp3} />
          )}
          {isRefused ? (
            <Closed session={{ hub, player }} />
          ) : (
            canPlay && <SoundStatus hub={hub} player={player} />
          )}
        </div>
        {view !== null && (
          <div class="columns">
            <Speaking view={view} room={hub.room} />
            <Line view={view} me={me} />
            <SpeakNote />
          </div>
        )}
      </main>
      {view !== null && turn === null && !isRefused && (
        <footer class="foot">
          <HandBar hub={hub} standing={stand} place={place} />
        </footer>
      )}
    </>
  );
}

/** Spoken news: one's place politely, one's turn at once. */
function OwnNews(own: { standing: Standing; place: number | null; table: string | null }) {
  const { say } = useWords();
  const isUp = own.standing === "next" || own.standing === "queued";
  const place = own.place === 1 ? say("line.next") : say("line.place", { place: own.place ?? 0 });
  const turn =
    own.standing === "granted"
      ? `${say("turn.title")}. ${say("turn.go")}`
      : own.standing === "live"
        ? own.table === null
          ? say("turn.live")
          : say("turn.live_at", { table: own.table })
        : "";
  return (
    <>
      <Announcement text={isUp ? place : ""} />
      <Announcement text={turn} urgent />
    </>
  );
}

function SpeakNote() {
  const { say } = useWords();
  return <p class="note soft">{say("speak.note")}</p>;
}

function Closed({ session }: { session: Session }) {
  const { say } = useWords();
  const closeCode = useStore(session.hub.room, (room) => room.closeCode);
  return (
    <div class="closed" role="alert">
      <p>{say(closedWords(closeCode))}</p>
      <button type="button" class="big" onClick={() => session.hub.reopen()}>
        {say("closed.retry")}
      </button>
    </div>
  );
}

/** For browsers without WebAssembly or Web Audio. */
function PlainPlayer({ hasMp3 }: { hasMp3: boolean }) {
  const { say } = useWords();
  if (!hasMp3) return <p class="closed">{say("error.no_audio")}</p>;
  return (
    <div class="closed">
      <p>{say("error.browser")}</p>
      {/* biome-ignore lint/a11y/useMediaCaption: a live room has no captions yet */}
      <audio controls preload="none" src={MP3_PATH} />
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

/** `/r/{room}`; anything else is the default room. */
function roomOf(path: string): string {
  return /^\/r\/([a-z0-9][a-z0-9-]{0,63})\/?$/.exec(path)?.[1] ?? "main";
}

chooseLanguage();
const session = openSession({
  role: "listener",
  room: roomOf(location.pathname),
  hostSecret: null,
});
render(<Page {...session} />, document.getElementById("page") as HTMLElement);
