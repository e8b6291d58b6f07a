/** Raise and lower one's hand, with the thumb: spoken, in writing, or as a reply. */

import { useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { type Answer, needsAnswer, type OwnAnswer } from "../recording/own_answer.ts";
import type { Wish } from "../room/commands.ts";
import type { HubClient } from "../room/hub_client.ts";
import { useStore } from "../ui/store.ts";
import type { RoomView } from "../wire/messages.ts";
import { canReply, handWords, OVERTAKEN, type OwnHand, ownHand } from "./hand_state.ts";
import { NameForm } from "./name_form.tsx";
import type { OwnNews } from "./own_news.ts";
import { obstacleHere } from "./own_voice.ts";
import type { Presence } from "./presence.ts";
import { Questions } from "./questions.tsx";
import { WriteForm } from "./write_form.tsx";

interface Props {
  hub: HubClient;
  presence: Presence;
  own: OwnAnswer;
  news: OwnNews;
  view: RoomView;
  me: string | null;
}

/** Which form is open; the bar itself is none. */
type Form = "name" | "name for a reply" | "rename" | "write";

export function HandBar({ hub, presence, own: answers, news, view, me }: Props) {
  const { say } = useWords();
  const [form, setForm] = useState<Form | null>(null);
  // A hand that waits for the two questions of a recording.
  const [held, setHeld] = useState<Wish | null>(null);
  const { recording } = view;
  const name = useStore(presence.store, (now) => now.name);
  const isWaiting = useStore(hub.room, (room) => room.waiting.length > 0);
  const isAway = useStore(hub.room, (room) => !room.isVenueReached);
  const inHall = useStore(presence.store, (now) => now.inHall);
  const speaks = !inHall && obstacleHere(window) === null;
  const own = ownHand(view, me);
  const close = () => setForm(null);
  const wish = (what: Wish) => {
    close();
    news.clear();
    if (needsAnswer(what, recording, answers.to(recording))) setHeld(what);
    else if (!isWaiting) hub.wish(what);
  };
  const raise = (as: string | null, reply: boolean) => {
    if (as === null) setForm(reply ? "name for a reply" : "name");
    else wish({ type: "raise_hand", name: as, speaks, ...(reply ? { reply } : {}) });
  };
  const answer = (given: Answer) => {
    if (recording === null || held === null) return;
    answers.give(recording, given);
    setHeld(null);
    // A no that lets nobody speak is told by the hub's own word.
    hub.wish(held);
  };
  if (own !== null) {
    const onLower = () => wish({ type: "lower_hand" });
    return <Raised own={own} isWaiting={isWaiting} isAway={isAway} onLower={onLower} />;
  }
  if (held !== null && recording !== null) {
    return (
      <Questions
        key={recording.notice.version}
        recording={recording}
        before={null}
        onAnswer={answer}
        onCancel={() => setHeld(null)}
        isWanted={true}
      />
    );
  }
  if (form === "write")
    return (
      <WriteForm name={name} speaks={speaks} onSend={wish} onCancel={close} presence={presence} />
    );
  if (form !== null) {
    const onName = (as: string) => {
      presence.rename(as);
      if (form === "rename") close();
      else raise(as, form === "name for a reply");
    };
    return (
      <NameForm first={name ?? ""} isRaising={form !== "rename"} onName={onName} onCancel={close} />
    );
  }
  return (
    <div class="bar">
      <Notices hub={hub} news={news} />
      {view.rules.takes_hands ? (
        <>
          <button
            type="button"
            class="big primary"
            aria-disabled={isWaiting || isAway}
            onClick={() => !isWaiting && !isAway && raise(name, false)}
          >
            <HandSign isUp={false} />
            {say(handWords(isWaiting, isAway, "hand.raise"))}
          </button>
          <div class="also">
            <button type="button" class="quiet" onClick={() => setForm("write")}>
              {say("hand.write")}
            </button>
            {canReply(view, me) && (
              <button type="button" class="quiet" onClick={() => raise(name, true)}>
                {say("hand.reply")}
              </button>
            )}
            {name !== null && (
              <button type="button" class="quiet" onClick={() => setForm("rename")}>
                {say("hand.rename", { name })}
              </button>
            )}
          </div>
        </>
      ) : (
        <p class="own-place">{say("hand.none_taken")}</p>
      )}
    </div>
  );
}

/** Why the last wish was not granted, and what happened to one's hand meanwhile. */
function Notices({ hub, news }: { hub: HubClient; news: OwnNews }) {
  const { say } = useWords();
  const refused = useStore(hub.room, (room) => room.refused);
  const notice = useStore(news.store, (now) => now.notice);
  const isOurs = refused !== null && refused.wish.type !== "take_seat";
  return (
    <div class="notices" role="status">
      {isOurs && <p class="refused">{say(`refused.${refused.code}`)}</p>}
      {notice !== null && (
        <div class="notice">
          <p>{say(notice)}</p>
          <button type="button" class="quiet small" onClick={() => news.clear()}>
            {say("hand.dismiss")}
          </button>
        </div>
      )}
    </div>
  );
}

interface RaisedProps {
  own: OwnHand;
  isWaiting: boolean;
  isAway: boolean;
  onLower: () => void;
}

function Raised({ own: { hand, place }, isWaiting, isAway, onLower }: RaisedProps) {
  const { say } = useWords();
  const rule = hand.overtaken_by;
  return (
    <div class="bar">
      <p class="own-place">{place === 1 ? say("line.next") : say("line.place", { place })}</p>
      {hand.passed > 0 && place === 1 && <p class="why">{say("why.passed_on")}</p>}
      {hand.written && <p class="why">{say("hand.written_up")}</p>}
      {rule !== null && rule !== undefined && <p class="why">{say(OVERTAKEN[rule])}</p>}
      <button
        type="button"
        class="big"
        aria-disabled={isWaiting || isAway}
        onClick={() => !isWaiting && !isAway && onLower()}
      >
        <HandSign isUp={true} />
        {say(handWords(isWaiting, isAway, "hand.lower"))}
      </button>
    </div>
  );
}

function HandSign({ isUp }: { isUp: boolean }) {
  return (
    <svg class={isUp ? "hand-sign is-up" : "hand-sign"} viewBox="0 0 24 24" aria-hidden="true">
      <path d="M7 12V6.500a1.300 1.300 0 0 1 2.600 0V11h.6V4.300a1.300 1.300 0 0 1 2.600 0V11h.6V5.300a1.300 1.300 0 0 1 2.600 0V12h.6V8a1.300 1.300 0 0 1 2.600 0v6.500A6.500 6.500 0 0 1 12.700 21h-.6a6 6 0 0 1-4.900-2.500L3.700 13.400a1.400 1.400 0 0 1 2.200-1.700z" />
    </svg>
  );
}
