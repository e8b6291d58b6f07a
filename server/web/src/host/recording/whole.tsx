/** Everything that was recorded in a room: taken home as one archive, or deleted. */

import { useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import { Confirm } from "../confirm.tsx";
import type { Do } from "./past.tsx";

interface Props {
  count: number;
  isBusy: boolean;
  isRecording: boolean;
  act: Do;
}

export function WholeRoom({ count, isBusy, isRecording, act }: Props) {
  const { say } = useWords();
  const [isAsking, setAsking] = useState(false);
  return (
    <section class="past-whole" aria-labelledby="past-whole">
      <h3 id="past-whole">{say("past.whole")}</h3>
      {isAsking ? (
        <Confirm
          question={say("past.erase_all_question", { count })}
          yes={say("past.erase_all_yes")}
          no={say("past.no")}
          onAnswer={(isSure) => {
            setAsking(false);
            if (isSure) void act("recordings/acts", { act: "erase_all" });
          }}
        />
      ) : (
        <div class="past-acts">
          <Export act={act} participant={null} label={say("past.export_all")} />
          <button
            type="button"
            class="small danger"
            disabled={isBusy || isRecording}
            onClick={() => setAsking(true)}
          >
            {say("past.erase_all")}
          </button>
        </div>
      )}
    </section>
  );
}

interface ExportProps {
  act: Do;
  /** Null: everybody. */
  participant: string | null;
  label: string;
  /** For whoever hears the page, where the label alone does not say whose. */
  fullLabel?: string;
}

/** A button that begins a download; how far it is, the browser shows like for any other. */
export function Export({ act, participant, label, fullLabel }: ExportProps) {
  const take = async () => {
    const said = (await act("exports", { participant })) as { path?: unknown } | null;
    if (typeof said?.path === "string") download(said.path);
  };
  return (
    <button type="button" class="small" aria-label={fullLabel} onClick={() => void take()}>
      {label}
    </button>
  );
}

/** By a link, so that an answer that is no archive never takes the page's place. */
function download(path: string): void {
  const link = document.createElement("a");
  link.href = path;
  link.download = "";
  link.click();
}
