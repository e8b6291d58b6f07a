/** The outline of the sound, and over it a slider, which is what keyboards and readers use. */

import { useEffect, useMemo, useRef } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { useStore } from "../ui/store.ts";
import { chapterName } from "./chapters.tsx";
import type { Index, Waveform } from "./index.ts";
import { heights, path } from "./outline.ts";
import type { ReplayPlayer } from "./player.ts";
import { clock, markHeight, markX } from "./timeline.ts";

/** Three of a phone's points for each. */
const BARS = 120;

interface WaveProps {
  index: Index;
  waveform: Waveform | null;
  player: ReplayPlayer;
  current: number | null;
}

export function Wave({ index, waveform, player, current }: WaveProps) {
  const { say } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const second = useStore(player.store, (now) => Math.floor(now.at_ms / 1000));
  const duration_ms = useStore(player.store, (now) => now.duration_ms);
  const bars = useMemo(() => path(heights(waveform?.data ?? [], BARS)), [waveform]);
  useEffect(() => {
    const update = () => {
      const { at_ms } = player.store.value;
      const part = duration_ms > 0 ? at_ms / duration_ms : 0;
      box.current?.style.setProperty("--played", part.toFixed(4));
    };
    update();
    return player.store.follow(update);
  }, [player, duration_ms]);
  const most = Math.max(1, ...index.marks.map(({ count }) => count));
  const [time, whole] = [clock(second * 1000), clock(duration_ms)];
  const chapter = current === null ? undefined : index.chapters[current];
  const told =
    chapter === undefined
      ? say("replay.position_value", { time, whole })
      : say("replay.position_speaker", { time, whole, name: chapterName(chapter, say) });
  return (
    <>
      <div class="wave" ref={box}>
        <svg viewBox={`0 0 ${BARS} 2`} preserveAspectRatio="none" aria-hidden="true">
          <path class="wave-all" d={bars} />
          <path class="wave-played" d={bars} />
          {duration_ms > 0 &&
            index.marks.map(({ at_ms, count }) => (
              <rect
                key={at_ms}
                class="wave-mark"
                x={markX(at_ms, duration_ms, BARS)}
                y={2 - 2 * markHeight(count, most)}
                width={0.5}
                height={2 * markHeight(count, most)}
              />
            ))}
        </svg>
        <input
          type="range"
          min={0}
          max={Math.max(1, Math.ceil(duration_ms / 1000))}
          step={1}
          value={second}
          aria-label={say("replay.position")}
          aria-valuetext={told}
          onInput={(event) => player.seek(Number(event.currentTarget.value) * 1000)}
        />
      </div>
      <p class="times">
        <span>{time}</span>
        {chapter !== undefined && <strong>{chapterName(chapter, say)}</strong>}
        <span>{whole}</span>
      </p>
    </>
  );
}
