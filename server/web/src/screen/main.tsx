/** The hall's screen: who speaks, who is next, what is asked. Nobody touches it. */

import { render } from "preact";
import { useEffect } from "preact/hooks";
import { SCREEN_WORDS } from "../i18n/screen_words.ts";
import { chooseLanguage, type Language, learnWords, setLanguage, useWords } from "../i18n/words.ts";
import { RecordingMark } from "../recording/sign.tsx";
import { HubClient, hubOrigin, type RoomState } from "../room/hub_client.ts";
import { closedWords, Mark } from "../ui/shell.tsx";
import { type Store, useStore } from "../ui/store.ts";
import type { RoomView } from "../wire/messages.ts";
import { keepLit, stayConnected } from "./awake.ts";
import { useFreshTally, useHeard } from "./clock.ts";
import { Join, Next } from "./foot.tsx";
import { languageOf, takeLink } from "./link.ts";
import { type Scene, type Stage, sceneOf, sizeOf, sourcesOf, stageOf } from "./scene.ts";
import { Free, Notice, OnStage, Result, ShowOfHands, Silence, Soon, Timer } from "./stage.tsx";

function Screen({ room, language }: { room: Store<RoomState>; language: Language | null }) {
  const { say } = useWords();
  const view = useStore(room, (now) => now.view);
  const link = useStore(room, (now) => now.link);
  const closeCode = useStore(room, (now) => now.closeCode);
  const heard = useHeard(room);
  const isFresh = useFreshTally(view);
  useLanguage(language ?? languageOf(view?.about?.language));
  useTitle(view?.title ?? null);
  if (view === null || link === "refused") {
    const words = link === "refused" ? say(closedWords(closeCode)) : say("state.connecting");
    return (
      <main class="screen" data-scene="waiting">
        <Head title="Parvis" />
        <Notice words={words} />
      </main>
    );
  }
  const stage = stageOf(view, sourcesOf(heard));
  const scene = sceneOf(view, stage, isFresh);
  const isLost = link === "reconnecting" || link === "stalled";
  return (
    <main class={isLost ? "screen is-lost" : "screen"} data-scene={scene}>
      <Head title={view.title}>
        {view.recording !== null && <RecordingMark />}
        {scene === "stage" && <Timer room={room} stage={stage} view={view} />}
      </Head>
      <Middle scene={scene} stage={stage} view={view} room={room} />
      <footer class="foot">
        {view.phase === "live" && <Next view={view} />}
        {view.phase !== "ended" && <Join view={view} />}
      </footer>
      {isLost && (
        <p class="lost" role="status">
          {say("screen.lost")}
        </p>
      )}
    </main>
  );
}

function Head({ title, children }: { title: string; children?: preact.ComponentChildren }) {
  return (
    <header class="head">
      <Mark />
      <h1 class={sizeOf(title, 40, 80)}>{title}</h1>
      {children}
    </header>
  );
}

interface InTheMiddle {
  scene: Scene;
  stage: Stage;
  view: RoomView;
  room: Store<RoomState>;
}

function Middle({ scene, stage, view, room }: InTheMiddle) {
  const { say } = useWords();
  switch (scene) {
    case "soon":
      return <Soon view={view} room={room} />;
    case "over":
      return <Notice words={say("screen.over")} />;
    case "silence":
      return <Silence />;
    case "ask":
      return view.ask && <ShowOfHands question={view.ask.question} room={room} />;
    case "tally":
      return view.tally && <Result tally={view.tally} />;
    case "stage":
      return <OnStage stage={stage} room={room} />;
    default:
      return <Free takesHands={view.rules.takes_hands} />;
  }
}

/** Not the machine's: the link's or the room's language is what the hall reads. */
function useLanguage(wanted: Language | null): void {
  useEffect(() => {
    if (wanted !== null) setLanguage(wanted, false);
  }, [wanted]);
}

function useTitle(title: string | null): void {
  const { say } = useWords();
  const words = say("page.title", { title: title ?? "Parvis" });
  useEffect(() => {
    document.title = words;
  }, [words]);
}

/** Session storage, where it is allowed. */
function tabStorage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

learnWords(SCREEN_WORDS);
chooseLanguage();
const link = takeLink(location, history, tabStorage());
if (link.language !== null) setLanguage(link.language, false);
const hub = new HubClient(null, new Worker(new URL("../room/hub.worker.ts", import.meta.url)));
hub.open({
  origin: hubOrigin(location),
  role: "screen",
  room: link.room,
  hostSecret: null,
  invite: link.secret,
});
stayConnected(hub);
keepLit();
render(
  <Screen room={hub.room} language={link.language} />,
  document.getElementById("page") as HTMLElement,
);
