/** How one speaks from here; where this phone cannot, a button that says why, and the way on. */

import { useWords, type WordKey } from "../i18n/words.ts";
import { type Obstacle, obstacleHere } from "./own_voice.ts";

const WHY: Record<Obstacle, WordKey> = {
  insecure: "speak.insecure",
  in_app: "speak.in_app",
};

export function SpeakNote() {
  const { say } = useWords();
  const obstacle = obstacleHere(window);
  if (obstacle === null) return <p class="note soft">{say("speak.note")}</p>;
  const secure = obstacle === "insecure" ? secureAddress(document) : null;
  return (
    <section class="card no-voice">
      <button type="button" class="big" aria-disabled="true" aria-describedby="no-voice">
        {say("speak.button")}
      </button>
      <p id="no-voice" class="soft">
        {say(WHY[obstacle])}
      </p>
      {secure !== null && <a href={secure}>{say("speak.elsewhere")}</a>}
    </section>
  );
}

/** This room at the hub's secure address, where the hub itself names one (Open Graph, RFC 3986). */
function secureAddress(document: Document): string | null {
  const tag = document.querySelector<HTMLMetaElement>('meta[property="og:url"]');
  return tag?.content.startsWith("https://") ? tag.content : null;
}
