/** One voice of a recording: whose, how long, and the two ways in which it can go. */

import { useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import { Confirm } from "../confirm.tsx";
import type { Do } from "./past.tsx";
import { length, type Voice } from "./past_recordings.ts";
import { Export } from "./whole.tsx";

interface Props {
  voice: Voice;
  name: string;
  isBusy: boolean;
  act: Do;
  onWithdraw: () => void;
  onErase: () => void;
}

export function VoiceRow({ voice, name, isBusy, act, onWithdraw, onErase }: Props) {
  const { say } = useWords();
  const [asking, setAsking] = useState<"withdraw" | "erase" | null>(null);
  return (
    <li>
      <span>
        {say("past.voice", { name, length: length(voice.duration_ms) })}
        {voice.kind === "seat" && <span class="soft"> ({say("past.seat")})</span>}
        {!voice.is_published && <span class="soft"> ({say("past.hidden")})</span>}
      </span>
      {asking === null ? (
        <span class="past-acts">
          {(["withdraw", "erase"] as const).map((wanted) => (
            <button
              key={wanted}
              type="button"
              class="small"
              disabled={isBusy}
              aria-label={`${say(`past.${wanted}`)}: ${name}`}
              onClick={() => setAsking(wanted)}
            >
              {say(`past.${wanted}`)}
            </button>
          ))}
          <Export
            act={act}
            participant={voice.participant}
            label={say("past.export")}
            fullLabel={`${say("past.export")}: ${name}`}
          />
        </span>
      ) : (
        <Confirm
          question={say(`past.${asking}_question`, { name })}
          yes={say(`past.${asking}_yes`)}
          no={say("past.no")}
          onAnswer={(isSure) => {
            setAsking(null);
            if (isSure) (asking === "withdraw" ? onWithdraw : onErase)();
          }}
        />
      )}
    </li>
  );
}
