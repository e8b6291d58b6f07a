/** Where this phone has no microphone for us: a button that says why, and the way on. */

import type { Obstacle } from "../audience/own_voice.ts";
import { SPEAK_WORDS } from "../i18n/speak_words.ts";
import { learnWords, useWords, type WordKey } from "../i18n/words.ts";
import "./no_voice.css";

learnWords(SPEAK_WORDS);

const WHY: Record<Obstacle, WordKey> = {
  insecure: "voice.insecure",
  in_app: "voice.in_app",
};

export function NoVoice({ obstacle }: { obstacle: Obstacle }) {
  const { say } = useWords();
  const secure = obstacle === "insecure" ? secureAddress(document) : null;
  return (
    <section class="card no-voice">
      <button type="button" class="big" aria-disabled="true" aria-describedby="no-voice">
        {say("voice.button")}
      </button>
      <p id="no-voice" class="soft">
        {say(WHY[obstacle])}
      </p>
      {secure !== null && <a href={secure}>{say("voice.elsewhere")}</a>}
    </section>
  );
}

/** This room at the hub's secure address, where the hub itself names one (Open Graph). */
function secureAddress(document: Document): string | null {
  const tag = document.querySelector<HTMLMetaElement>('meta[property="og:url"]');
  return tag?.content.startsWith("https://") ? tag.content : null;
}
