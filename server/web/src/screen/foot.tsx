/** The foot of the screen: who is next, how many wait, and the code to come in by. */

import { useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import type { Hand, RoomView } from "../wire/messages.ts";
import { nextOf } from "./scene.ts";

export function Next({ view }: { view: RoomView }) {
  const { say, language } = useWords();
  const { hands, count } = nextOf(view);
  const isOne = new Intl.PluralRules(language).select(count) === "one";
  return (
    <section class="next" aria-labelledby="next">
      <h2 id="next">
        <span>{say("screen.next")}</span>
        {count > 0 && (
          <span class="queue">
            {say(isOne ? "screen.hands_one" : "screen.hands_other", {
              count: count.toLocaleString(language),
            })}
          </span>
        )}
      </h2>
      {count === 0 ? (
        <p class="nobody">{say("screen.nobody")}</p>
      ) : (
        <ol class="hands">
          {hands.map((hand) => (
            <NextRow key={hand.participant} hand={hand} />
          ))}
        </ol>
      )}
    </section>
  );
}

function NextRow({ hand }: { hand: Hand }) {
  const { say } = useWords();
  const isTheTable = hand.unit_name === hand.name;
  const notes = [
    isTheTable ? null : hand.unit_name,
    hand.written ? say("screen.writing") : null,
  ].filter((note) => note !== null);
  return (
    <li class="hand">
      <span class="name">{hand.anonymous ? say("screen.anonymous") : hand.name}</span>
      {notes.length > 0 && <span class="place">{notes.join(" · ")}</span>}
    </li>
  );
}

/** Only an open room has a link without a secret, which alone may be shown to everybody. */
export function Join({ view }: { view: RoomView }) {
  const { say } = useWords();
  const [isMissing, setMissing] = useState(false);
  const isOpen = view.about === null || view.about.access === "open";
  if (!isOpen || isMissing) return null;
  return (
    <figure class="join">
      <img
        src={`/api/v1/rooms/${view.room}/qr.svg`}
        alt={say("screen.qr")}
        onError={() => setMissing(true)}
      />
      <figcaption>{say("screen.join")}</figcaption>
    </figure>
  );
}
