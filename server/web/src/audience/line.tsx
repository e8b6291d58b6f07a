/** Who speaks, and the line of hands: the same order as on every other screen and light. */

import { type Say, useWords, type WordKey } from "../i18n/words.ts";
import type { RoomState } from "../room/hub_client.ts";
import { voices } from "../room/talkers.ts";
import { TalkerBar } from "../ui/shell.tsx";
import type { Store } from "../ui/store.ts";
import type { Hand, RoomView } from "../wire/messages.ts";
import { ANONYMOUS_NAME } from "../wire/room_view.ts";
import { modeWords } from "./hand_state.ts";
import { isOwnVoice } from "./own_voice.ts";

/** Names shown before the rest is only counted. */
const SHOWN = 12;

/** A name as it is shown: whoever wants none in the hall is somebody. */
function shownName(say: Say, name: string): string {
  return name === ANONYMOUS_NAME ? say("line.unnamed") : name;
}

/** By their sources: who speaks from far away, and who of them is muted. */
export function farMarks(view: RoomView): Map<number | null, WordKey> {
  const far = view.floor.filter((turn) => turn.state === "live" && isOwnVoice(turn, false));
  return new Map(
    far.map(({ ssrc, muted }) => [ssrc, muted === null ? "speaking.far" : "speaking.muted"]),
  );
}

export function Speaking({ view, room }: { view: RoomView; room: Store<RoomState> }) {
  const { say } = useWords();
  const heard = voices(view);
  const hosts = view.hosts.flatMap((host) => (host.name === null ? [] : [host.name]));
  const going = view.floor.filter((turn) => turn.state === "granted");
  const readOut = view.floor.filter((turn) => turn.state === "live" && turn.ssrc === null);
  const marks = farMarks(view);
  const isEmpty = heard.length + going.length + readOut.length === 0;
  return (
    <section class="card" aria-labelledby="speaking">
      <h2 id="speaking">{say("speaking.title")}</h2>
      {view.silenced && <p class="silenced">{say("room.silenced")}</p>}
      {isEmpty && !view.silenced && <p class="soft">{say("speaking.nobody")}</p>}
      <ul class="voices">
        {heard.map((voice) => (
          <li key={voice.ssrc} class="voice">
            <span class="voice-name">
              {voice.at === null
                ? shownName(say, voice.name)
                : say("speaking.at", { name: shownName(say, voice.name), table: voice.at })}
              {marks.has(voice.ssrc) && (
                <span class="soft"> · {say(marks.get(voice.ssrc) as WordKey)}</span>
              )}
            </span>
            <TalkerBar room={room} ssrc={voice.ssrc} />
          </li>
        ))}
        {readOut.map((turn) => (
          <li key={turn.participant} class="voice">
            <span class="voice-name">
              {say("speaking.host_reads", { name: shownName(say, turn.name) })}
            </span>
            {turn.text !== null && <q class="question">{turn.text}</q>}
          </li>
        ))}
        {going.map((turn) => (
          <li key={turn.participant} class="voice soft">
            <span class="voice-name">
              {say("speaking.granted", { name: shownName(say, turn.name) })}
            </span>
          </li>
        ))}
      </ul>
      <p class="soft mode">{say(modeWords(view))}</p>
      {hosts.length > 0 && <p class="soft">{say("room.hosts", { names: hosts.join(", ") })}</p>}
    </section>
  );
}

export function Line({ view, me }: { view: RoomView; me: string | null }) {
  const { say } = useWords();
  const own = view.line.findIndex((hand) => hand.participant === me);
  const shown = view.line.map((hand, index) => ({ hand, place: index + 1 }));
  const visible = shown.filter(({ place }) => place <= SHOWN || place === own + 1);
  return (
    <section class="card" aria-labelledby="line">
      <h2 id="line">
        {say("line.title")}
        {view.line.length > 0 && <span class="count">{view.line.length}</span>}
      </h2>
      {view.line.length === 0 && <p class="soft">{say("line.empty")}</p>}
      <ol class="hands">
        {visible.map(({ hand, place }) => (
          <HandRow
            key={hand.participant}
            hand={hand}
            place={place}
            isMe={hand.participant === me}
          />
        ))}
      </ol>
      {view.line.length > visible.length && (
        <p class="soft">{say("line.more", { count: view.line.length - visible.length })}</p>
      )}
    </section>
  );
}

function fromWhere(hand: Hand): WordKey {
  if (hand.written) return "line.written";
  return hand.surface === "unit" || hand.in_hall ? "line.unit" : "line.phone";
}

function HandRow({ hand, place, isMe }: { hand: Hand; place: number; isMe: boolean }) {
  const { say } = useWords();
  return (
    <li class={isMe ? "hand is-me" : "hand"} value={place}>
      <span class="place" aria-hidden="true">
        {place}
      </span>
      <span class="hand-name">{shownName(say, hand.name)}</span>
      <span class="soft hand-from">{isMe ? say("line.you") : say(fromWhere(hand))}</span>
      {hand.reply && <span class="soft hand-from">{say("line.reply")}</span>}
    </li>
  );
}
