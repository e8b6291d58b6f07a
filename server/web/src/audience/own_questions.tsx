/** The questions on the audience's page: when one is about to speak, or to change one's answer. */

import { useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { isConcerned, type OwnAnswer } from "../recording/own_answer.ts";
import { Announcement } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import type { RoomView } from "../wire/messages.ts";
import { Questions } from "./questions.tsx";

/** A voice that was recorded is taken out again: asked twice, since it cannot be put back. */
export function TakeOut({ own }: { own: OwnAnswer }) {
  const { say } = useWords();
  useStore(own.store, (now) => now.kept);
  const [isAsking, setAsking] = useState(false);
  const [isOut, setOut] = useState(false);
  if (!own.isInOne) return <Announcement text={isOut ? say("recording.taken_out") : ""} />;
  if (!isAsking) {
    return (
      <button type="button" class="quiet" onClick={() => setAsking(true)}>
        {say("recording.take_out")}
      </button>
    );
  }
  return (
    <fieldset class="card questions">
      <legend class="visually-hidden">{say("recording.take_out")}</legend>
      <p>{say("recording.take_out_hint")}</p>
      <button
        type="button"
        class="big"
        onClick={() => {
          own.withdraw();
          setOut(true);
        }}
      >
        {say("recording.take_out_yes")}
      </button>
      <button type="button" class="quiet" onClick={() => setAsking(false)}>
        {say("recording.cancel")}
      </button>
    </fieldset>
  );
}

interface Props {
  own: OwnAnswer;
  view: RoomView;
  me: string | null;
  /** The person wants to answer otherwise. */
  isChanging: boolean;
  onDone: () => void;
}

export function OwnQuestions({ own, view, me, isChanging, onDone }: Props) {
  const { say } = useWords();
  useStore(own.store, (now) => now.kept);
  const { recording } = view;
  const answer = own.to(recording);
  const isAsked = recording !== null && answer === null && isConcerned(view, me);
  if (recording === null || !(isAsked || isChanging)) return <Announcement text="" urgent />;
  return (
    <>
      <Announcement text={isAsked ? say("recording.asked") : ""} urgent />
      <Questions
        key={recording.notice.version}
        recording={recording}
        before={answer}
        onAnswer={(given) => {
          own.give(recording, given);
          onDone();
        }}
        onCancel={isAsked ? null : onDone}
        isWanted={isChanging}
      />
    </>
  );
}
