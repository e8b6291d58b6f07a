/** Who speaks when: a list in which each line plays from there. */

import { type Say, useWords } from "../i18n/words.ts";
import type { Chapter, Index } from "./index.ts";
import type { ReplayPlayer } from "./player.ts";
import { clock } from "./timeline.ts";

/** Who it is, in words. */
export function chapterName(chapter: Chapter, say: Say): string {
  if (chapter.kind === "vote") return say("replay.vote");
  return chapter.name ?? say("replay.unnamed");
}

interface ChaptersProps {
  index: Index;
  player: ReplayPlayer;
  current: number | null;
}

export function Chapters({ index, player, current }: ChaptersProps) {
  const { say } = useWords();
  return (
    <section class="card" aria-labelledby="chapters">
      <h2 id="chapters">{say("replay.chapters")}</h2>
      {index.chapters.length === 0 && <p>{say("replay.no_chapters")}</p>}
      <ol class="chapters">
        {index.chapters.map((chapter, number) => (
          <li key={`${chapter.begin_ms} ${chapter.name}`}>
            <button
              type="button"
              class={`chapter is-${chapter.kind}`}
              aria-current={number === current ? "true" : undefined}
              onClick={() => {
                player.seek(chapter.begin_ms);
                player.play();
              }}
            >
              <span class="chapter-time">{clock(chapter.begin_ms)}</span>
              <span class="chapter-name">{chapterName(chapter, say)}</span>
              {chapter.text !== null && (
                <span class="chapter-text" lang={index.language}>
                  {chapter.text}
                </span>
              )}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
