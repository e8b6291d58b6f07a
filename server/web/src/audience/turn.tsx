/** One's own turn: told across the whole page, until it is over. */

import { type Say, useWords } from "../i18n/words.ts";
import type { HubClient, RoomState } from "../room/hub_client.ts";
import { useNow } from "../screen/clock.ts";
import { clockWords, turnTime } from "../screen/times.ts";
import { type Store, useStore } from "../ui/store.ts";
import type { RoomView, Turn } from "../wire/messages.ts";

/** The turn of `me`, if the room has given it. */
export function ownTurn(view: RoomView | null, me: string | null): Turn | null {
  return view?.floor.find((turn) => turn.participant === me) ?? null;
}

/** What to do now, in a heading and a sentence. */
export function turnWords(say: Say, turn: Turn): { heading: string; hint: string } {
  const table = turn.place_name ?? turn.unit_name ?? "";
  if (turn.state === "granted") {
    if (turn.written) return { heading: say("turn.title"), hint: say("turn.soon_read") };
    if (turn.place_name === null) return { heading: say("turn.title"), hint: say("turn.go") };
    if (turn.surface === "unit") {
      return { heading: say("turn.title"), hint: say("turn.press", { table }) };
    }
    return { heading: say("turn.go_to", { table }), hint: say("turn.go_hint") };
  }
  if (turn.unit === null) return { heading: say("turn.reading"), hint: turn.text ?? "" };
  const hint = say(turn.away ? "turn.away" : "turn.live_hint");
  if (turn.unit_name === null) return { heading: say("turn.live"), hint };
  return { heading: say("turn.live_at", { table: turn.unit_name }), hint };
}

interface Props {
  turn: Turn;
  hub: HubClient;
  /** The speaker's time, by the rules of the room. */
  turnS: number | null;
}

export function TurnBanner({ turn, hub, turnS }: Props) {
  const { say } = useWords();
  const { heading, hint } = turnWords(say, turn);
  const isGranted = turn.state === "granted";
  const look = isGranted ? "is-granted" : turn.away ? "is-live is-away" : "is-live";
  return (
    <section class={`turn ${look}`} aria-labelledby="turn">
      <span class={isGranted ? "lamp is-blinking" : "lamp"} aria-hidden="true" />
      <div class="turn-words">
        <h2 id="turn">{heading}</h2>
        <p>{hint}</p>
        {isGranted && turn.reminded && <p class="turn-still">{say("turn.still")}</p>}
        {!isGranted && turn.unit !== null && <TurnTime turn={turn} turnS={turnS} room={hub.room} />}
      </div>
      <button
        type="button"
        class="big on-turn"
        onClick={() => hub.wish({ type: isGranted ? "lower_hand" : "leave_floor" })}
      >
        {say(isGranted ? "turn.decline" : "turn.leave")}
      </button>
    </section>
  );
}

interface TimeProps {
  turn: Turn;
  turnS: number | null;
  room: Store<RoomState>;
}

/** What is left of one's time. It stands outside what is read aloud: the hub calls at the marks. */
export function TurnTime({ turn, turnS, room }: TimeProps) {
  const { say } = useWords();
  const clock = useStore(room, (now) => now.clock);
  const time = turnTime(turn.since, turnS, clock, useNow());
  if (time === null) return null;
  if (time.isOver) return <p class="turn-still">{say("turn.time_over")}</p>;
  const left = { time: clockWords(time.leftS) };
  if (time.isSoon) return <p class="turn-still">{say("turn.time_soon", left)}</p>;
  return <p>{say("turn.time_left", left)}</p>;
}
