/** What is wrong but sounds on: microphones that nobody has heard for a while. */

import { useWords } from "../../i18n/words.ts";
import { useStore } from "../../ui/store.ts";
import { pageNowMs, roughly } from "../clock.ts";
import type { Watch } from "./watch.ts";

export function Warnings({ watch }: { watch: Watch }) {
  const { say, language } = useWords();
  useStore(watch.turns, (turns) => turns.count);
  const quiet = watch.heard.quiet(pageNowMs());
  // Present from the start, and told once: the growing figure is not read out.
  return (
    <div class="warnings" role="status" aria-atomic="false" aria-relevant="additions">
      {quiet.map(({ unit, name, quietMs, isConnected }) => (
        <div key={unit} class="warning-card">
          <p>{say(isConnected ? "warn.quiet" : "warn.away", { name })}</p>
          <p class="figures" aria-live="off">
            {roughly(say, language, quietMs)}
          </p>
        </div>
      ))}
    </div>
  );
}
