/** What the room is, for its page and for links that are shared; and who may come in. */

import { useEffect, useId, useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { About, RoomView } from "../../wire/messages.ts";
import { lastAsked } from "../asked.ts";
import { Fold } from "../fold.tsx";
import {
  ACCESS,
  aboutOf,
  type Draft,
  described,
  draftOf,
  faultOf,
  isNarrower,
  MAX_DESCRIPTION_CHARACTERS,
  MAX_TITLE_CHARACTERS,
  MAX_TOPICS_CHARACTERS,
} from "./draft.ts";

interface Props {
  hub: HubClient;
  view: RoomView;
}

type Change = (change: Partial<Draft>) => void;

export function AboutCard({ hub, view }: Props) {
  const { say } = useWords();
  const { access } = aboutOf(view);
  return (
    <Fold title={say("about.title")} hint={say(ACCESS[access].name)} class="about">
      {() => <AboutForm hub={hub} view={view} />}
    </Fold>
  );
}

function AboutForm({ hub, view }: Props) {
  const { say } = useWords();
  const asked = useStore(hub.room, ({ waiting }) => lastAsked(waiting, "describe"));
  const known = aboutOf(view);
  const form = useDraft(known);
  const { draft } = form;
  const [fault, setFault] = useState<ReturnType<typeof faultOf>>(null);
  const isOff = !form.isChanged || asked !== null;
  const send = () => {
    const found = faultOf(draft);
    setFault(found);
    if (found !== null) return;
    const show_out = isNarrower(known.access, draft.access) && form.showsOut;
    hub.wish({ type: "describe", about: described(known, draft), show_out });
    form.sent();
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isOff) send();
      }}
    >
      <Fields draft={draft} onWrite={form.write} fault={fault} />
      <WhoMayComeIn access={draft.access} onWrite={form.write} />
      <Narrower
        isNarrower={isNarrower(known.access, draft.access)}
        showsOut={form.showsOut}
        onFlip={form.flip}
      />
      <button type="submit" class="small primary" aria-disabled={isOff}>
        {say("about.save")}
      </button>
      <p role="status" class="soft">
        {form.isSaved ? say("about.saved") : ""}
      </p>
    </form>
  );
}

/** What this page has written and not saved, over what the hub knows: another host may write too. */
function useDraft(known: About) {
  const [written, setWritten] = useState<Partial<Draft>>({});
  const [showsOut, setShowsOut] = useState(false);
  const [isSent, setSent] = useState(false);
  const base = draftOf(known);
  const draft = { ...base, ...written };
  const saved = JSON.stringify(draftOf(described(known, draft)));
  const isChanged = saved !== JSON.stringify(base);
  const isSaved = isSent && !isChanged;
  useEffect(() => {
    if (!isSaved) return;
    setWritten({});
    setShowsOut(false);
  }, [isSaved]);
  return {
    draft,
    isChanged,
    isSaved,
    showsOut,
    write: (part: Partial<Draft>) => {
      setSent(false);
      setWritten({ ...written, ...part });
    },
    sent: () => setSent(true),
    flip: () => setShowsOut(!showsOut),
  };
}

interface FieldsProps {
  draft: Draft;
  onWrite: Change;
  fault: ReturnType<typeof faultOf>;
}

function Fields({ draft, onWrite, fault }: FieldsProps) {
  const { say } = useWords();
  const id = useId();
  const inTitle = fault === "about.title_missing";
  return (
    <>
      <label class="field">
        {say("about.name")}
        <input
          value={draft.title}
          maxLength={MAX_TITLE_CHARACTERS}
          autocomplete="off"
          aria-invalid={inTitle}
          aria-describedby={inTitle ? id : undefined}
          onInput={(event) => onWrite({ title: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        {say("about.description")}
        <textarea
          rows={4}
          value={draft.description}
          maxLength={MAX_DESCRIPTION_CHARACTERS}
          onInput={(event) => onWrite({ description: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        {say("about.topics")}
        <input
          value={draft.topics}
          maxLength={MAX_TOPICS_CHARACTERS}
          autocomplete="off"
          aria-invalid={fault === "about.topics_many"}
          aria-describedby={fault === "about.topics_many" ? id : undefined}
          onInput={(event) => onWrite({ topics: event.currentTarget.value })}
        />
      </label>
      <p id={id} role="alert" class={fault === null ? "visually-hidden" : "refused"}>
        {fault === null ? "" : say(fault)}
      </p>
    </>
  );
}

interface AccessProps {
  access: About["access"];
  onWrite: Change;
}

function WhoMayComeIn({ access, onWrite }: AccessProps) {
  const { say } = useWords();
  return (
    <fieldset class="modes">
      <legend>{say("about.access")}</legend>
      {(Object.keys(ACCESS) as About["access"][]).map((one) => (
        <label key={one} class="mode">
          <input
            type="radio"
            name="access"
            checked={one === access}
            onChange={() => onWrite({ access: one })}
          />
          <span>
            <strong>{say(ACCESS[one].name)}</strong>
            <span class="soft">{say(ACCESS[one].hint)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface NarrowerProps {
  isNarrower: boolean;
  showsOut: boolean;
  onFlip: () => void;
}

/** The hub asks at the door alone: a host hears what becomes of those who are inside, and decides. */
function Narrower({ isNarrower, showsOut, onFlip }: NarrowerProps) {
  const { say } = useWords();
  return (
    <>
      <p role="status" class={isNarrower ? "warning" : "visually-hidden"}>
        {isNarrower ? say(showsOut ? "about.all_out" : "about.stays") : ""}
      </p>
      {isNarrower && (
        <label class="tick">
          <input type="checkbox" checked={showsOut} onChange={onFlip} />
          {say("about.show_out")}
        </label>
      )}
    </>
  );
}
