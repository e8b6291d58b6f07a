/** Which key does what. */

export type KeyAct = "next" | "silence" | "undo" | "help";

/** The part of a keyboard event that decides. */
export interface Stroke {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

const LETTERS: Readonly<Record<string, KeyAct>> = {
  n: "next",
  s: "silence",
  u: "undo",
  "?": "help",
};

/** What a key is for; letters only while they are switched on and nobody types. */
export function actOf(stroke: Stroke, isTyping: boolean, hasLetters: boolean): KeyAct | null {
  const key = stroke.key.toLowerCase();
  if (isTyping || stroke.altKey) return null;
  if (stroke.ctrlKey || stroke.metaKey) return key === "z" ? "undo" : null;
  return hasLetters && Object.hasOwn(LETTERS, key) ? (LETTERS[key] as KeyAct) : null;
}

/** The part of an element that decides. */
export interface Target {
  tagName: string;
  type?: string;
  isContentEditable?: boolean;
}

const NO_TEXT = new Set(["button", "checkbox", "radio", "range", "submit"]);

/** Whether keys that go there are text. */
export function isTextField({ tagName, type, isContentEditable }: Target): boolean {
  if (isContentEditable === true) return true;
  const tag = tagName.toLowerCase();
  if (tag === "textarea" || tag === "select") return true;
  return tag === "input" && !NO_TEXT.has(type ?? "text");
}
