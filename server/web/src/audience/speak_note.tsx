/** How one speaks from here; where this phone cannot, why not. */

import { useWords } from "../i18n/words.ts";
import { useLater } from "./later.ts";
import { obstacleHere } from "./own_voice.ts";

export function SpeakNote() {
  const { say } = useWords();
  const obstacle = obstacleHere(window);
  const NoVoice = useLater(obstacle !== null, null, async () => {
    const loaded = await import("../speak/no_voice.tsx");
    return loaded.NoVoice;
  });
  if (obstacle === null) return <p class="note soft">{say("speak.note")}</p>;
  return NoVoice !== null && <NoVoice obstacle={obstacle} />;
}
