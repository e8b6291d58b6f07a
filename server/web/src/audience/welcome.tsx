/** The first time on this phone: three sentences. */

import { useState } from "preact/hooks";
import { keep, readKept, useWords } from "../i18n/words.ts";

const KEY = "parvis.welcomed";

/** In the hall there is no door to tap. */
export function Welcome({ inHall }: { inHall: boolean }) {
  const { say } = useWords();
  const [isKnown, setKnown] = useState(() => readKept(KEY) !== null);
  if (isKnown) return null;
  const close = () => {
    keep(KEY, "yes");
    setKnown(true);
  };
  return (
    <section class="card welcome" aria-labelledby="welcome">
      <h2 id="welcome">{say("welcome.title")}</h2>
      {!inHall && <p>{say("welcome.one")}</p>}
      <p>{say("welcome.two")}</p>
      <p>{say("welcome.three")}</p>
      <button type="button" class="small" onClick={close}>
        {say("welcome.close")}
      </button>
    </section>
  );
}
