/** The private test: a level that moves, an ear for echo, three seconds of oneself. */

import { useEffect, useRef } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { barFill } from "../room/talkers.ts";
import { useStore } from "../ui/store.ts";
import type { Speaking } from "./speaking.ts";

export function Check({ speaking }: { speaking: Speaking }) {
  const { say } = useWords();
  const check = useStore(speaking.store, (now) => now.check);
  const isBusy = check?.state === "recording" || check?.state === "playing";
  return (
    <>
      <h2 id="voice">{say("voice.check_title")}</h2>
      <Level speaking={speaking} />
      <p role="status">
        {check === null || check.state === "echo" ? say("voice.echo_wait") : <Finding {...check} />}
      </p>
      <div class="voice-buttons">
        <button
          type="button"
          class="big"
          aria-disabled={isBusy}
          onClick={() => !isBusy && speaking.record()}
        >
          {say(check?.state === "recording" ? "voice.recording" : "voice.record")}
        </button>
        {check?.hasRecording && (
          <button type="button" class="quiet" onClick={() => speaking.replay()}>
            {say("voice.replay")}
          </button>
        )}
      </div>
    </>
  );
}

interface FindingProps {
  state: string;
  wantsHeadphones: boolean | null;
}

function Finding({ state, wantsHeadphones }: FindingProps) {
  const { say } = useWords();
  if (state === "recording") return say("voice.recording");
  if (state === "playing") return say("voice.playing");
  const echo = wantsHeadphones === null ? "" : say(echoWords(wantsHeadphones));
  return `${echo} ${say("voice.speak_up")}`.trim();
}

function echoWords(wantsHeadphones: boolean) {
  return wantsHeadphones ? "voice.headphones" : "voice.no_echo";
}

/** The microphone's level; drawn without drawing the page anew. */
export function Level({ speaking }: { speaking: Speaking }) {
  const { say } = useWords();
  const bar = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const update = () => {
      const fill = barFill(speaking.store.value.levelDb);
      bar.current?.style.setProperty("--fill", fill.toFixed(2));
    };
    update();
    return speaking.store.follow(update);
  }, [speaking]);
  return (
    <span class="level voice-level" role="img" aria-label={say("voice.level")}>
      <span class="level-fill" ref={bar} />
    </span>
  );
}
