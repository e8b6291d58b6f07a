/** "I am in the hall": the phone beside a table. It plays nothing, and names the table to speak at. */

import { useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { useStore } from "../ui/store.ts";
import type { Seated } from "../wire/messages.ts";
import { cleanName } from "./name.ts";
import { NameField } from "./name_form.tsx";
import type { Presence } from "./presence.ts";

/** The clear choice at the start. */
export function HallSwitch({ isOn, onChange }: { isOn: boolean; onChange: (on: boolean) => void }) {
  const { say } = useWords();
  return (
    <button
      type="button"
      class={isOn ? "hall-switch is-on" : "hall-switch"}
      role="switch"
      aria-checked={isOn}
      onClick={() => onChange(!isOn)}
    >
      <span class="hall-knob" aria-hidden="true" />
      <span>
        <span class="hall-name">{say("hall.switch")}</span>
        <span class="hall-hint soft">{say("hall.hint")}</span>
      </span>
    </button>
  );
}

/** In the place of the door: there is nothing to open here. */
export function InHall({ seat, hub }: { seat: Seated | null; hub: HubClient }) {
  const { say } = useWords();
  return (
    <section class="card in-hall" aria-labelledby="in-hall">
      <h2 id="in-hall">{say("hall.title")}</h2>
      {seat === null ? (
        <p>{say("hall.text")}</p>
      ) : (
        <>
          <p>{say("seat.at", { table: seat.unit_name })}</p>
          <button type="button" class="quiet" onClick={() => hub.wish({ type: "leave_seat" })}>
            {say("seat.leave")}
          </button>
        </>
      )}
    </section>
  );
}

interface SeatProps {
  hub: HubClient;
  presence: Presence;
  code: string;
  /** The name is given: this phone is beside the table. */
  onSit: () => void;
  onCancel: () => void;
}

/** After the code of a table was scanned: whose button is it from now on? */
export function SeatForm({ hub, presence, code, onSit, onCancel }: SeatProps) {
  const { say } = useWords();
  const [text, setText] = useState(presence.store.value.name ?? "");
  const [isBad, setBad] = useState(false);
  const refused = useStore(hub.room, (room) => room.refused);
  const isWaiting = useStore(hub.room, (room) => room.waiting.length > 0);
  const name = cleanName(text);
  const sit = () => {
    if (name === null) return setBad(true);
    presence.rename(name);
    if (isWaiting) return;
    onSit();
    hub.wish({ type: "take_seat", code, name });
  };
  return (
    <section class="card seat">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          sit();
        }}
      >
        <NameField
          label={say("seat.ask")}
          text={text}
          isBad={isBad && name === null}
          onText={setText}
          hasFocus={true}
        />
        <p class="soft">{say("seat.hint")}</p>
        {refused?.wish.type === "take_seat" && (
          <p class="refused" role="alert">
            {say(`refused.${refused.code}`)}
          </p>
        )}
        <button type="submit" class="big primary" aria-disabled={isWaiting}>
          {say("seat.take")}
        </button>
        <button type="button" class="quiet" onClick={onCancel}>
          {say("hand.cancel")}
        </button>
      </form>
    </section>
  );
}
