/** A show of hands: ask, watch it come in, count it. */

import { useState } from "preact/hooks";
import { type Say, useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { Announcement } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import type { RoomView, Tally } from "../wire/messages.ts";
import { Fold } from "./fold.tsx";

/** `parvis_wire.fields.MAX_LINE_CHARACTERS`. */
const MAX_QUESTION_CHARACTERS = 280;

interface Props {
  hub: HubClient;
  view: RoomView;
}

export function ShowOfHands({ hub, view }: Props) {
  const { say } = useWords();
  const { ask, tally } = view;
  const result = tally === null ? "" : resultWords(say, tally);
  return (
    <>
      {/* An open question is never one fold away. */}
      {ask !== null ? (
        <OpenAsk hub={hub} question={ask.question} />
      ) : (
        <Fold title={say("ask.title")} hint={result === "" ? say("ask.hint") : result} class="ask">
          {() => (
            <>
              {tally !== null && <Result tally={tally} />}
              <AskForm hub={hub} />
            </>
          )}
        </Fold>
      )}
      <Announcement text={result} />
    </>
  );
}

function resultWords(say: Say, { yes_hall, yes_far, asked }: Tally): string {
  return say("ask.result", { yes: yes_hall + yes_far, asked });
}

function OpenAsk({ hub, question }: { hub: HubClient; question: string }) {
  const { say, language } = useWords();
  const yes = useStore(hub.room, (room) => room.pulse?.yes ?? 0);
  return (
    <section class="card ask" aria-labelledby="ask">
      <h2 id="ask">{say("ask.title")}</h2>
      <blockquote class="words">{question}</blockquote>
      <p class="ask-count">
        <strong>{yes.toLocaleString(language)}</strong> {say("ask.yes_now")}
      </p>
      <button type="button" class="small primary" onClick={() => hub.wish({ type: "close_ask" })}>
        {say("ask.close")}
      </button>
    </section>
  );
}

function Result({ tally }: { tally: Tally }) {
  const { say } = useWords();
  const { yes_hall, yes_far, question } = tally;
  return (
    <div class="tally">
      <blockquote class="words">{question}</blockquote>
      <p>
        <strong>{resultWords(say, tally)}</strong>{" "}
        {say("ask.result_where", { hall: yes_hall, far: yes_far })}
      </p>
    </div>
  );
}

function AskForm({ hub }: { hub: HubClient }) {
  const { say } = useWords();
  const [question, setQuestion] = useState("");
  const isOff = question.trim() === "";
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isOff) hub.wish({ type: "open_ask", question: question.trim() });
      }}
    >
      <label class="field">
        {say("ask.question")}
        <input
          value={question}
          maxLength={MAX_QUESTION_CHARACTERS}
          autocomplete="off"
          onInput={(event) => setQuestion(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="small" aria-disabled={isOff}>
        {say("ask.open")}
      </button>
    </form>
  );
}
