/** Six signs without a word, and a mark; what others show rises beside them, a few at a time. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import type { Reaction } from "../wire/messages.ts";
import { type Bubble, Bubbles, MAX_BUBBLES, REACTIONS } from "./bubbles.ts";

/** As long as it rises (`audience.css`). */
const SHOWN_MS = 2200;
const SECOND_MS = 1000;

interface Props {
  hub: HubClient;
  /** A moment can be marked of a room that is recorded: there is something to come back to. */
  isRecorded: boolean;
}

export function Reactions({ hub, isRecorded }: Props) {
  const { say } = useWords();
  const { shown, show } = useBubbles(hub);
  const offered = (Object.keys(REACTIONS) as Reaction[]).filter(
    (reaction) => reaction !== "mark" || isRecorded,
  );
  return (
    <section
      class={isRecorded ? "reactions has-mark" : "reactions"}
      aria-label={say("react.title")}
    >
      {offered.map((reaction) => (
        // What rises is no part of the button's name.
        <span key={reaction} class="reaction-place">
          <button
            type="button"
            class="reaction"
            aria-label={say(`react.${reaction}`)}
            onClick={() => show(reaction)}
          >
            <span aria-hidden="true">{REACTIONS[reaction]}</span>
          </button>
          {shown
            .filter((bubble) => bubble.reaction === reaction)
            .map((bubble) => (
              <span key={bubble.id} class={`bubble lane-${bubble.id % 3}`} aria-hidden="true">
                {REACTIONS[reaction]}
                {bubble.count > 1 && <span class="bubble-count">{bubble.count}</span>}
              </span>
            ))}
        </span>
      ))}
    </section>
  );
}

/** The bubbles that rise now, and the way to let one's own rise. */
function useBubbles(hub: HubClient) {
  const [shown, setShown] = useState<Bubble[]>([]);
  const bubbles = useRef(new Bubbles()).current;
  const rise = (some: Bubble[]) => {
    if (some.length === 0) return;
    setShown((before) => [...before, ...some].slice(-2 * MAX_BUBBLES));
    const ids = new Set(some.map((bubble) => bubble.id));
    window.setTimeout(
      () => setShown((before) => before.filter((bubble) => !ids.has(bubble.id))),
      SHOWN_MS,
    );
  };
  useEffect(() => {
    hub.onPulse = (pulse) => rise(bubbles.ofPulse(pulse));
    // A hub that is away tells nothing: what was shown meanwhile does not hold anybody back.
    const timer = window.setInterval(() => bubbles.forgetOwn(), 2 * SECOND_MS);
    return () => {
      hub.onPulse = () => {};
      window.clearInterval(timer);
    };
  }, [hub]);
  const show = (reaction: Reaction) => {
    const own = bubbles.ownReaction(reaction);
    if (own === null) return;
    hub.react(reaction);
    rise([own]);
  };
  return { shown, show };
}
