/** Raise and lower one's hand, with the thumb; the name is asked once and kept on this phone. */

import { useEffect, useRef, useState } from "preact/hooks";
import { keep, readKept, useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { useStore } from "../ui/store.ts";
import { MAX_NAME_CHARACTERS } from "../wire/messages.ts";
import type { Standing } from "../wire/standing.ts";

const NAME_KEY = "parvis.name";

/** What the hub accepts as a name (`parvis_wire.fields`), or null. */
export function cleanName(text: string): string | null {
  const name = text.trim().normalize("NFC");
  const length = [...name].length;
  if (length === 0 || length > MAX_NAME_CHARACTERS) return null;
  // Control and format characters could forge a line of the list; joiners belong to scripts.
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(name.replace(/[\u200c\u200d]/g, ""))
    ? null
    : name;
}

interface Props {
  hub: HubClient;
  standing: Standing;
  place: number | null;
}

export function HandBar({ hub, standing, place }: Props) {
  const { say } = useWords();
  const isWaiting = useStore(hub.room, (room) => room.waiting.length > 0);
  const refused = useStore(hub.room, (room) => room.refused?.code ?? null);
  const [name, setName] = useState(() => cleanName(readKept(NAME_KEY) ?? ""));
  const [isAsking, setAsking] = useState(false);
  const isUp = standing === "next" || standing === "queued";
  const raise = (as: string) => {
    keep(NAME_KEY, as);
    setName(as);
    setAsking(false);
    hub.wish({ type: "raise_hand", name: as });
  };
  if (isAsking) {
    return <NameForm first={name ?? ""} onName={raise} onCancel={() => setAsking(false)} />;
  }
  return (
    <div class="bar">
      {refused !== null && (
        <p class="refused" role="status">
          {say(`refused.${refused}`)}
        </p>
      )}
      {isUp && <PlaceLine place={place ?? 1} />}
      <button
        type="button"
        class={isUp ? "big" : "big primary"}
        aria-disabled={isWaiting}
        onClick={() => {
          if (isWaiting) return;
          if (isUp) hub.wish({ type: "lower_hand" });
          else if (name === null) setAsking(true);
          else raise(name);
        }}
      >
        <HandSign isUp={isUp} />
        {isWaiting ? say("hand.sending") : say(isUp ? "hand.lower" : "hand.raise")}
      </button>
      {!isUp && name !== null && (
        <button type="button" class="quiet" onClick={() => setAsking(true)}>
          {say("hand.rename", { name })}
        </button>
      )}
    </div>
  );
}

function PlaceLine({ place }: { place: number }) {
  const { say } = useWords();
  return <p class="own-place">{place === 1 ? say("line.next") : say("line.place", { place })}</p>;
}

function HandSign({ isUp }: { isUp: boolean }) {
  return (
    <svg class={isUp ? "hand-sign is-up" : "hand-sign"} viewBox="0 0 24 24" aria-hidden="true">
      <path d="M7 12V6.500a1.300 1.300 0 0 1 2.600 0V11h.6V4.300a1.300 1.300 0 0 1 2.600 0V11h.6V5.300a1.300 1.300 0 0 1 2.600 0V12h.6V8a1.300 1.300 0 0 1 2.600 0v6.500A6.500 6.500 0 0 1 12.700 21h-.6a6 6 0 0 1-4.900-2.500L3.700 13.400a1.400 1.400 0 0 1 2.200-1.700z" />
    </svg>
  );
}

interface FormProps {
  first: string;
  onName: (name: string) => void;
  onCancel: () => void;
}

function NameForm({ first, onName, onCancel }: FormProps) {
  const { say } = useWords();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(first);
  const [isBad, setBad] = useState(false);
  const name = cleanName(text);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="bar"
      onSubmit={(event) => {
        event.preventDefault();
        if (name === null) setBad(true);
        else onName(name);
      }}
    >
      <label for="name">{say("hand.name")}</label>
      <input
        id="name"
        ref={field}
        value={text}
        autocomplete="nickname"
        maxLength={2 * MAX_NAME_CHARACTERS}
        aria-describedby="name-hint"
        aria-invalid={isBad && name === null}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p id="name-hint" class="soft" role={isBad ? "alert" : undefined}>
        {say(isBad && name === null ? "hand.name_bad" : "hand.name_hint")}
      </p>
      <button type="submit" class="big primary">
        {name === null ? say("hand.raise") : say("hand.confirm", { name })}
      </button>
      <button type="button" class="quiet" onClick={onCancel}>
        {say("hand.cancel")}
      </button>
    </form>
  );
}
