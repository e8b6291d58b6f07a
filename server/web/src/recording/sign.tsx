/** That the room is recorded: one sentence before anything is heard, and for as long as it lasts. */

import { useRef } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { Announcement } from "../ui/shell.tsx";
import type { Recording } from "../wire/messages.ts";
import type { Answer } from "./own_answer.ts";

interface Props {
  recording: Recording | null;
  /** One's own answer, where one has given it. */
  answer?: Answer | null;
  /** Whether one's open microphone is in it; null: one does not speak now. */
  isRecorded?: boolean | null;
  onChange?: () => void;
}

export function RecordingSign({ recording, answer = null, isRecorded = null, onChange }: Props) {
  const { say, language } = useWords();
  const wasRecorded = useRef(false);
  if (recording !== null) wasRecorded.current = true;
  const sentence = recording?.notice[language].hearing ?? "";
  const own = isRecorded === null ? "" : say(isRecorded ? "recording.you" : "recording.not_you");
  const ended = wasRecorded.current ? say("recording.ended") : "";
  return (
    <>
      {recording !== null && (
        <section class="recorded" aria-label={say("recording.on")}>
          <p>
            <span class="rec-dot" aria-hidden="true" /> {sentence}
          </p>
          {own !== "" && <p class="recorded-own">{own}</p>}
          {answer !== null && (
            <p class="recorded-answer">
              {say(answerWords(answer))}{" "}
              <button type="button" class="quiet small" onClick={onChange}>
                {say("recording.change")}
              </button>
            </p>
          )}
        </section>
      )}
      <Announcement text={recording !== null ? sentence : ended} />
      <Announcement text={own} />
    </>
  );
}

/** The dot and the word, for wherever there is no room for the sentence. */
export function RecordingMark() {
  const { say } = useWords();
  return (
    <span class="rec">
      <span class="rec-dot" aria-hidden="true" /> {say("recording.on")}
    </span>
  );
}

function answerWords({ recorded, published }: Answer) {
  if (!recorded) return "recording.answer_no";
  return published ? "recording.answer_published" : "recording.answer_recorded";
}
