/** What people see of a replay: the sound, who speaks when, and what may be done with it. */

import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { Announcement, Header } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import { Chapters, chapterName } from "./chapters.tsx";
import { Controls } from "./controls.tsx";
import type { Index, Waveform } from "./index.ts";
import type { ReplayPlayer } from "./player.ts";
import { Kept, Rest } from "./rest.tsx";
import { chapterAt, clock } from "./timeline.ts";
import { Wave } from "./wave.tsx";

export interface ReplayProps {
  index: Index;
  waveform: Waveform | null;
  player: ReplayPlayer;
  /** To the next speaker, or the one before. */
  skip: (by: 1 | -1) => void;
}

export function Replay({ index, waveform, player, skip }: ReplayProps) {
  const { say, language } = useWords();
  const current = useStore(player.store, (now) => chapterAt(index.chapters, now.at_ms));
  const failed = useStore(player.store, (now) => now.state === "failed");
  const [told, setTold] = useState("");
  const skipAndTell = (by: 1 | -1) => {
    skip(by);
    const { at_ms } = player.store.value;
    const chapter = index.chapters[chapterAt(index.chapters, at_ms) ?? -1];
    const time = clock(at_ms);
    setTold(
      chapter === undefined ? time : say("replay.at", { name: chapterName(chapter, say), time }),
    );
  };
  const title = say("page.title", { title: index.title });
  useEffect(() => {
    document.title = title;
  }, [title]);
  const begun = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
  return (
    <>
      <Header />
      <main class="replay">
        <header class="replay-head">
          <h1 lang={index.language}>{index.title}</h1>
          <p class="soft">
            <time dateTime={new Date(index.begun_utc_ms).toISOString()}>
              {begun.format(index.begun_utc_ms)}
            </time>
          </p>
          <Kept index={index} nowMs={Date.now()} />
        </header>
        {failed && <p role="alert">{say("replay.failed")}</p>}
        <section class="card player">
          <Wave index={index} waveform={waveform} player={player} current={current} />
          <Controls player={player} skip={skipAndTell} />
          <Announcement text={told} />
          {index.state === "growing" && (
            <p>
              {say("replay.growing")}{" "}
              <a href={`/r/${encodeURIComponent(index.room)}`}>{say("replay.live")}</a>
            </p>
          )}
        </section>
        <Chapters index={index} player={player} current={current} />
        <Rest index={index} player={player} />
      </main>
    </>
  );
}
