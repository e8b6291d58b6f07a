/** One's turn, spoken into this phone: across the whole page, until it is over. */

import { TurnTime } from "../audience/turn.tsx";
import { useWords } from "../i18n/words.ts";
import type { RoomState } from "../room/hub_client.ts";
import { type Store, useStore } from "../ui/store.ts";
import type { Mute, RoomView, Turn } from "../wire/messages.ts";
import { Explanation, Refused, type Way } from "./card.tsx";
import { Check, Level } from "./check.tsx";
import { hasFloor } from "./machine.ts";
import type { Speaking } from "./speaking.ts";

interface Props {
  speaking: Speaking;
  turn: Turn;
  view: RoomView;
  way: Way;
  room: Store<RoomState>;
}

export function OnStage(props: Props) {
  const { speaking } = props;
  const state = useStore(speaking.store, (now) => now.state);
  const isLive = speaking.isOnAir;
  const look = hasFloor(state) ? (isLive ? "is-live" : "is-live is-quiet") : "is-granted";
  return (
    <section class={`turn voice ${look}`} aria-labelledby="voice-turn">
      <span class={hasFloor(state) ? "lamp" : "lamp is-blinking"} aria-hidden="true" />
      {hasFloor(state) ? <Live {...props} /> : <Granted {...props} />}
    </section>
  );
}

/** Before the air: the microphone, and the one button. */
function Granted({ speaking, turn, way }: Props) {
  const { say } = useWords();
  const state = useStore(speaking.store, (now) => now.state);
  const { hub } = way;
  const isOnItsWay = state === "opening" || state === "connecting" || state === "asking";
  const canGoLive = state === "checking" || state === "ready";
  const isUnknown = state === "idle" || state === "explaining";
  const isBack = turn.state === "live" && isUnknown;
  return (
    <>
      <div class="turn-words">
        <h2 id="voice-turn">{say(turn.state === "live" ? "turn.live" : "turn.title")}</h2>
        {state !== "refused" && <p>{say(isOnItsWay ? onItsWay(state) : "voice.turn_hint")}</p>}
        {turn.reminded && <p class="turn-still">{say("turn.still")}</p>}
      </div>
      {(canGoLive || isBack) && (
        <button type="button" class="big go-live" onClick={() => speaking.tap("go_live")}>
          {say("voice.go_live")}
        </button>
      )}
      {isUnknown && !isBack && (
        <div class="voice-inset">
          <Explanation />
          <button type="button" class="big primary" onClick={() => speaking.tap("accept")}>
            {say("voice.open")}
          </button>
        </div>
      )}
      {state === "checking" && (
        <div class="voice-inset">
          <Check speaking={speaking} />
        </div>
      )}
      {state === "refused" && (
        <div class="voice-inset">
          <Refused speaking={speaking} way={way} />
        </div>
      )}
      <button type="button" class="big on-turn" onClick={() => hub.wish(giveBack(turn))}>
        {say(turn.state === "live" ? "turn.leave" : "turn.decline")}
      </button>
    </>
  );
}

function giveBack(turn: Turn) {
  return { type: turn.state === "live" ? "leave_floor" : "lower_hand" } as const;
}

function onItsWay(state: string) {
  return state === "asking" ? "voice.asking" : "voice.opening";
}

/** On the air, or with the floor and muted. */
function Live({ speaking, turn, view, room }: Props) {
  const { say } = useWords();
  const state = useStore(speaking.store, (now) => now.state);
  const mute = useStore(speaking.store, (now) => now.mute);
  const isMuted = state === "muted" || state === "reopening";
  const heading = isMuted
    ? "voice.muted"
    : state === "lost" || (state === "live" && turn.away)
      ? "voice.lost"
      : state === "leaving"
        ? "voice.leaving"
        : speaking.isOnAir
          ? "voice.on_air"
          : "voice.not_yet";
  const hint = hintOf(heading, mute, view.silenced);
  return (
    <>
      <div class="turn-words">
        <h2 id="voice-turn">{say(heading)}</h2>
        {hint !== null && <p>{say(hint)}</p>}
        <TurnTime turn={turn} turnS={view.rules.turn_s ?? null} room={room} />
      </div>
      {state === "live" && <Level speaking={speaking} />}
      {isMuted ? (
        <button type="button" class="big go-live" onClick={() => speaking.goOn()}>
          {say(state === "reopening" ? "voice.opening" : "voice.go_on")}
        </button>
      ) : (
        <button
          type="button"
          class="big on-turn"
          aria-disabled={state === "leaving"}
          onClick={() => speaking.mute()}
        >
          {say("voice.mute")}
        </button>
      )}
      <button type="button" class="big on-turn" onClick={() => speaking.tap("leave")}>
        {say("turn.leave")}
      </button>
    </>
  );
}

function hintOf(heading: string, mute: Mute | null, isSilenced: boolean) {
  if (heading === "voice.muted") return mutedWords(mute);
  if (heading === "voice.lost") return "voice.lost_hint";
  if (isSilenced) return "room.silenced";
  return heading === "voice.on_air" ? "voice.on_air_hint" : null;
}

export function mutedWords(mute: Mute | null) {
  if (mute === "hidden") return "voice.muted_hidden";
  return mute === "device" ? "voice.muted_device" : "voice.muted_self";
}
