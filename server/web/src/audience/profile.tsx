/** A small sheet: how the audience sees one, if at all. */

import { useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { useStore } from "../ui/store.ts";
import type { Avatar } from "../wire/messages.ts";
import { cleanName } from "./name.ts";
import { NameField } from "./name_form.tsx";
import { AVATARS, type Presence } from "./presence.ts";

export function Profile({ presence }: { presence: Presence }) {
  const { say } = useWords();
  const { name, avatar, isShown } = useStore(presence.store, (now) => now);
  const [isOpen, setOpen] = useState(false);
  if (isOpen) return <Sheet presence={presence} onClose={() => setOpen(false)} />;
  const picture = avatar === null ? "" : `${AVATARS[avatar]} `;
  return (
    <button type="button" class="quiet me" onClick={() => setOpen(true)}>
      {isShown && name !== null ? say("me.edit", { name: `${picture}${name}` }) : say("me.show")}
    </button>
  );
}

function Sheet({ presence, onClose }: { presence: Presence; onClose: () => void }) {
  const { say } = useWords();
  const now = presence.store.value;
  const [text, setText] = useState(now.name ?? "");
  const [avatar, setAvatar] = useState(now.avatar);
  const [isBad, setBad] = useState(false);
  const name = cleanName(text);
  return (
    <form
      class="sheet"
      onSubmit={(event) => {
        event.preventDefault();
        if (name === null) return setBad(true);
        presence.show(name, avatar);
        onClose();
      }}
    >
      <h3>{say("me.title")}</h3>
      <p class="soft">{say("me.hint")}</p>
      <NameField
        label={say("hand.name")}
        text={text}
        isBad={isBad && name === null}
        onText={setText}
        hasFocus={true}
      />
      <Pictures chosen={avatar} onChoose={setAvatar} />
      <button type="submit" class="big primary">
        {say("me.save")}
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          presence.hide();
          onClose();
        }}
      >
        {say("me.hide")}
      </button>
    </form>
  );
}

interface PicturesProps {
  chosen: Avatar | null;
  onChoose: (avatar: Avatar | null) => void;
}

function Pictures({ chosen, onChoose }: PicturesProps) {
  const { say } = useWords();
  const all: (Avatar | null)[] = [null, ...(Object.keys(AVATARS) as Avatar[])];
  return (
    <fieldset class="pictures">
      <legend>{say("me.avatar")}</legend>
      {all.map((avatar) => (
        <label key={avatar ?? "none"} class="picture">
          <input
            type="radio"
            name="avatar"
            checked={avatar === chosen}
            onChange={() => onChoose(avatar)}
          />
          <span class="picture-sign" aria-hidden="true">
            {avatar === null ? "–" : AVATARS[avatar]}
          </span>
          <span class="visually-hidden">
            {say(avatar === null ? "me.nobody" : `avatar.${avatar}`)}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
