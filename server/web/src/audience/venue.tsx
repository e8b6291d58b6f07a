/** That the venue is out of reach, and for a while that it is back: seen by all, read to whom listens. */

import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import type { RoomState } from "../room/hub_client.ts";
import { type Store, useStore } from "../ui/store.ts";

/** Time enough to read it, and for a screen reader to say it. */
const BACK_SHOWN_MS = 8000;

type Said = "nothing" | "away" | "back";

export function Venue({ room }: { room: Store<RoomState> }) {
  const { say } = useWords();
  const isReached = useStore(room, (now) => now.isVenueReached || now.link === "refused");
  const isInside = useStore(room, (now) => now.view !== null);
  const [said, setSaid] = useState<Said>("nothing");
  useEffect(() => {
    setSaid((before) => (isReached ? (before === "away" ? "back" : before) : "away"));
    const timer = window.setTimeout(() => isReached && setSaid("nothing"), BACK_SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [isReached]);
  const away = isInside ? "venue.away" : "venue.not_there";
  return (
    <div class="venue" role="status" aria-live="polite">
      {said !== "nothing" && (
        <p class={`venue-said is-${said}`}>{say(said === "back" ? "venue.back" : away)}</p>
      )}
    </div>
  );
}
