/** A show of hands: one question, two buttons, and how many said yes, in the hall and far away. */

import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { useStore } from "../ui/store.ts";
import type { Ask, RoomView, Tally } from "../wire/messages.ts";

export function Poll({ hub, view }: { hub: HubClient; view: RoomView }) {
  const [hasSeenAsk, setSeen] = useState(false);
  const isOpen = view.ask !== null;
  useEffect(() => {
    if (isOpen) setSeen(true);
  }, [isOpen]);
  if (view.ask !== null) return <Question key={view.ask.number} hub={hub} ask={view.ask} />;
  // Who comes later was not asked: an old result is no news for them.
  if (view.tally === null || !hasSeenAsk) return null;
  return <Result tally={view.tally} onClose={() => setSeen(false)} />;
}

function Question({ hub, ask }: { hub: HubClient; ask: Ask }) {
  const { say } = useWords();
  const [answer, setAnswer] = useState<boolean | null>(null);
  const yes = useStore(hub.room, (room) => room.pulse?.yes ?? null);
  const isRefused = useStore(hub.room, ({ refused }) => refused?.wish.type === "answer_ask");
  const isGiven = (value: boolean) => answer === value && !isRefused;
  const button = (value: boolean) => (
    <button
      type="button"
      class={isGiven(value) ? "big primary" : "big"}
      aria-pressed={isGiven(value)}
      onClick={() => {
        setAnswer(value);
        hub.wish({ type: "answer_ask", yes: value });
      }}
    >
      {say(value ? "poll.yes" : "poll.no")}
    </button>
  );
  return (
    <section class="card poll" aria-labelledby="poll">
      <h2 id="poll">{say("poll.title")}</h2>
      <p class="poll-question">{ask.question}</p>
      <div class="poll-answers">
        {button(true)}
        {button(false)}
      </div>
      {yes !== null && <p class="soft">{say("poll.count", { count: yes })}</p>}
    </section>
  );
}

function Result({ tally, onClose }: { tally: Tally; onClose: () => void }) {
  const { say } = useWords();
  const { yes_hall: hall, yes_far: far } = tally;
  return (
    <section class="card poll" role="status">
      <h2>{say("poll.title")}</h2>
      <p class="poll-question">{tally.question}</p>
      <p>{say("poll.result", { yes: hall + far, hall, far })}</p>
      <button type="button" class="quiet small" onClick={onClose}>
        {say("poll.close")}
      </button>
    </section>
  );
}
