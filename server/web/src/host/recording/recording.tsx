/** The host's recording: its start with what people are told, how it stands, and its end. */

import { useState } from "preact/hooks";
import { RECORDINGS_WORDS } from "../../i18n/recordings_words.ts";
import { learnWords, useWords } from "../../i18n/words.ts";
import { RecordingMark } from "../../recording/sign.tsx";
import type { HubClient } from "../../room/hub_client.ts";
import { Announcement } from "../../ui/shell.tsx";
import { useStore } from "../../ui/store.ts";
import type { Recording, RoomView } from "../../wire/messages.ts";
import { Confirm } from "../confirm.tsx";
import { Fold } from "../fold.tsx";
import { counted } from "../sound/figures.ts";
import { TermsForm } from "./form.tsx";
import { answers, draftOf, NEW_DRAFT, onAir } from "./terms.ts";

learnWords(RECORDINGS_WORDS);

interface Props {
  hub: HubClient;
  view: RoomView;
}

export function RecordingCard({ hub, view }: Props) {
  const { say } = useWords();
  const canRecord = useStore(hub.room, (room) => room.status?.can_record ?? false);
  const { recording } = view;
  if (recording !== null) return <Running hub={hub} view={view} recording={recording} />;
  if (!canRecord || view.phase !== "live") return null;
  return (
    <Fold title={say("recorder.title")} hint={say("recorder.off")} class="recording">
      {() => (
        <>
          <p class="soft">{say("recorder.aloud")}</p>
          <TermsForm
            first={NEW_DRAFT}
            label={say("recorder.start")}
            mayCatchUp
            onTerms={(terms) => hub.wish({ type: "start_recording", terms })}
          />
        </>
      )}
    </Fold>
  );
}

function Running({ hub, view, recording }: Props & { recording: Recording }) {
  const { say, language } = useWords();
  const [isEditing, setEditing] = useState(false);
  const time = new Date(recording.begun_utc_ms).toLocaleTimeString(language, {
    hour: "2-digit",
    minute: "2-digit",
  });
  const kept = recording.terms.retention_days ?? 0;
  const days = counted(say, language, kept, "recorder.days_one", "recorder.days_other");
  const counts = say("recorder.answers", answers(view));
  return (
    <section class="card recording" aria-labelledby="recording">
      <h2 id="recording">
        <RecordingMark />
      </h2>
      <p>{say("recorder.since", { time, days })}</p>
      <blockquote class="words">{recording.notice[language].hearing}</blockquote>
      <p>{counts}</p>
      <ul class="recording-voices">
        {onAir(view).map(({ key, name, isRecorded }) => (
          <li key={key} class={isRecorded ? "is-in" : "is-out"}>
            {say(isRecorded ? "recorder.in" : "recorder.out", { name })}
          </li>
        ))}
      </ul>
      <Announcement text={counts} />
      {isEditing ? (
        <TermsForm
          first={draftOf(recording.terms)}
          label={say("recorder.change")}
          mayCatchUp={recording.terms.catch_up === true}
          onTerms={(terms) => {
            setEditing(false);
            hub.wish({ type: "set_recording_terms", terms });
          }}
        />
      ) : (
        <button type="button" class="small" onClick={() => setEditing(true)}>
          {say("recorder.edit")}
        </button>
      )}
      <Stop hub={hub} />
    </section>
  );
}

function Stop({ hub }: { hub: HubClient }) {
  const { say } = useWords();
  const [isAsking, setAsking] = useState(false);
  if (!isAsking) {
    return (
      <button type="button" class="small danger" onClick={() => setAsking(true)}>
        {say("recorder.stop")}
      </button>
    );
  }
  return (
    <Confirm
      question={say("recorder.stop_question")}
      yes={say("recorder.stop_yes")}
      no={say("recorder.stop_no")}
      onAnswer={(isSure) => {
        setAsking(false);
        if (isSure) hub.wish({ type: "stop_recording" });
      }}
    />
  );
}
