/** What a room is, as a host writes it, and as the hub takes it. */

import type { WordKey } from "../../i18n/words.ts";
import type { About, RoomView } from "../../wire/messages.ts";

/** The fields of the form. */
export interface Draft {
  title: string;
  description: string;
  /** With commas between them. */
  topics: string;
  access: About["access"];
}

/** `parvis_wire.fields.MAX_TITLE_CHARACTERS` and `MAX_DESCRIPTION_CHARACTERS`. */
export const MAX_TITLE_CHARACTERS = 120;
export const MAX_DESCRIPTION_CHARACTERS = 2000;

/** `parvis_wire.fields.MAX_LINE_CHARACTERS`, for all of them: so each has it too. */
export const MAX_TOPICS_CHARACTERS = 280;

/** `parvis_wire.floor.MAX_TOPICS`. */
export const MAX_TOPICS = 8;

interface AccessWords {
  name: WordKey;
  hint: WordKey;
}

/** From the widest to the narrowest. */
export const ACCESS: Record<About["access"], AccessWords> = {
  open: { name: "about.open", hint: "about.open_hint" },
  private: { name: "about.private", hint: "about.private_hint" },
  closed: { name: "about.closed", hint: "about.closed_hint" },
};

const WIDEST_FIRST = Object.keys(ACCESS);

/** What the room is; one that was never described has its title. */
export function aboutOf(view: RoomView): About {
  return (
    view.about ?? {
      title: view.title,
      language: "en",
      description: "",
      topics: [],
      access: "open",
      begins_utc_ms: null,
    }
  );
}

export function draftOf(about: About): Draft {
  const { title, description, topics, access } = about;
  return { title, description, topics: topics.join(", "), access };
}

/** Why the hub would not take it; null: it would. */
export function faultOf(draft: Draft): WordKey | null {
  if (oneLine(draft.title) === "") return "about.title_missing";
  return topicsOf(draft.topics).length > MAX_TOPICS ? "about.topics_many" : null;
}

/** The room with what was written; what this form does not show stays. */
export function described(about: About, draft: Draft): About {
  return {
    ...about,
    title: oneLine(draft.title).slice(0, MAX_TITLE_CHARACTERS).trim(),
    description: clean(draft.description, "\n").slice(0, MAX_DESCRIPTION_CHARACTERS).trim(),
    topics: topicsOf(draft.topics),
    access: draft.access,
  };
}

/** Whether some who may come in now may not come in then. */
export function isNarrower(before: About["access"], after: About["access"]): boolean {
  return WIDEST_FIRST.indexOf(after) > WIDEST_FIRST.indexOf(before);
}

function topicsOf(text: string): string[] {
  const topics = text.split(",").map(oneLine);
  return [...new Set(topics)].filter((topic) => topic !== "");
}

function oneLine(text: string): string {
  const line = clean(text, "").trim();
  return /^[\s\u200c\u200d]*$/u.test(line) ? "" : line;
}

/** Signs that cannot be seen come along when one pastes, and the hub takes none. */
function clean(text: string, kept: string): string {
  return text
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, (sign) =>
      kept.includes(sign) || sign === "\u200c" || sign === "\u200d" ? sign : " ",
    );
}
