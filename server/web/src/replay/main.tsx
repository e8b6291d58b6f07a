/** The replay: one recording, in a folder of its own, on the hub or on any static server. */

import { render } from "preact";
import icon from "../assets/icon-512.png";
import { REPLAY_WORDS } from "../i18n/replay_words.ts";
import { chooseLanguage, learnWords, useWords } from "../i18n/words.ts";
import { Header } from "../ui/shell.tsx";
import { type Index, playable, readIndex, type Waveform } from "./index.ts";
import { followReplay } from "./media_session.ts";
import { Replay } from "./page.tsx";
import { ReplayPlayer } from "./player.ts";
import { chapterAt, isToPlay, momentOf, nextBegin, previousBegin } from "./timeline.ts";

/** A recording that grows is looked at as often as the hub writes pages that matter. */
const LOOK_AGAIN_MS = 10_000;

/** A JSON file beside the page; null: it is not there. */
async function besides(name: string): Promise<unknown> {
  try {
    const answer = await fetch(new URL(name, document.baseURI), { cache: "no-cache" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

function Missing() {
  const { say } = useWords();
  return (
    <>
      <Header />
      <main class="replay">
        <p role="alert">{say("replay.missing")}</p>
      </main>
    </>
  );
}

function start(page: HTMLElement, first: Index, waveform: Waveform | null): void {
  let index = first;
  const audio = document.body.appendChild(new Audio());
  const sounds = playable(index.sounds, (type) => audio.canPlayType(type));
  const player = new ReplayPlayer(audio, sounds, index.duration_ms, momentOf(location.hash) ?? 0);
  const skip = (by: 1 | -1) => {
    const { at_ms } = player.store.value;
    const to = by === 1 ? nextBegin(index.chapters, at_ms) : previousBegin(index.chapters, at_ms);
    if (to !== null) player.seek(to);
  };
  const draw = () =>
    render(<Replay index={index} waveform={waveform} player={player} skip={skip} />, page);
  const artwork = new URL(icon.replace(/^\//, ""), document.baseURI).href;
  const shown = () => {
    const at = chapterAt(index.chapters, player.store.value.at_ms);
    const name = at === null ? null : index.chapters[at]?.name;
    return { title: name ?? index.title, artist: index.title };
  };
  followReplay(player, navigator.mediaSession as MediaSession | undefined, shown, artwork, skip);
  window.addEventListener("hashchange", () => {
    const moment = momentOf(location.hash);
    if (moment !== null) player.seek(moment);
  });
  const look = async () => {
    const now = readIndex(await besides("index.json"));
    if (now === null) return;
    index = now;
    player.grow(now.duration_ms);
    draw();
    if (now.state === "finished") window.clearInterval(timer);
  };
  const timer = index.state === "growing" ? window.setInterval(look, LOOK_AGAIN_MS) : 0;
  player.onEnd = () => {
    if (index.state === "growing") void look();
  };
  draw();
  // The tap that led here counts in Chromium; where it does not, the button waits for another one.
  if (isToPlay(location.hash)) player.play();
}

async function open(): Promise<void> {
  const page = document.getElementById("page") as HTMLElement;
  const session = (navigator as { audioSession?: { type: string } }).audioSession;
  // Safari: sound goes on behind the lock, and with the silent switch on.
  if (session !== undefined) session.type = "playback";
  const [said, outline] = await Promise.all([besides("index.json"), besides("waveform.json")]);
  const index = readIndex(said);
  if (index === null) render(<Missing />, page);
  else start(page, index, outline as Waveform | null);
}

learnWords(REPLAY_WORDS);
chooseLanguage();
void open();
