/** One's own turn: told across the whole page, until it is over. */

import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import type { RoomView, Turn } from "../wire/messages.ts";

/** The turn of `me`, if the room has given it. */
export function ownTurn(view: RoomView | null, me: string | null): Turn | null {
  return view?.floor.find((turn) => turn.participant === me) ?? null;
}

export function TurnBanner({ turn, hub }: { turn: Turn; hub: HubClient }) {
  const { say } = useWords();
  if (turn.state === "granted") {
    return (
      <section class="turn is-granted" aria-labelledby="turn">
        <Blink />
        <div class="turn-words">
          <h2 id="turn">{say("turn.title")}</h2>
          <p>{say("turn.go")}</p>
        </div>
        <button type="button" class="big on-turn" onClick={() => hub.wish({ type: "lower_hand" })}>
          {say("turn.decline")}
        </button>
      </section>
    );
  }
  const where = turn.unit_name;
  return (
    <section class="turn is-live" aria-labelledby="turn">
      <span class="lamp" aria-hidden="true" />
      <div class="turn-words">
        <h2 id="turn">
          {where === null ? say("turn.live") : say("turn.live_at", { table: where })}
        </h2>
        <p>{say(turn.unit === null ? "turn.live_host" : "turn.live_hint")}</p>
      </div>
    </section>
  );
}

/** The light to look for, as it blinks on the table. */
function Blink() {
  return <span class="lamp is-blinking" aria-hidden="true" />;
}
