/** The code of a unit's label, as people type it; and fingerprints as people compare them. */

import { type Likely, readTyped, type Typed } from "../ui/typed_code.ts";

/** `parvis_wire.identity.SETUP_CODE_ALPHABET`: no I and O, no 0 and 1. */
const ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/** `parvis_wire.identity.SETUP_CODE_CHARACTERS`. */
export const CODE_CHARACTERS = 8;

/** What the signs that no code has are mostly mistaken for. */
const ROUND = { one: "Q", two: "D", three: "8" };
const UPRIGHT = { one: "L", two: "J", three: "7" };
const LIKELY: Readonly<Record<string, Likely>> = { "0": ROUND, O: ROUND, "1": UPRIGHT, I: UPRIGHT };

/** The code that was meant, or what is wrong with it: dashes, blanks and small letters are fine. */
export function readSetupCode(typed: string): Typed {
  return readTyped(typed, { alphabet: ALPHABET, characters: CODE_CHARACTERS, likely: LIKELY });
}

/** What `parvis label` writes before the code in a label's QR code. */
const LABEL = "PARVIS:";

/** The setup code that a label's QR code holds; null: it is another one. */
export function readLabel(text: string): string | null {
  const capitals = text.trim().toUpperCase();
  const read = readSetupCode(capitals.startsWith(LABEL) ? capitals.slice(LABEL.length) : capitals);
  return "code" in read ? read.code : null;
}

/** A fingerprint in four groups of four, as the unit and its papers show it. */
export function spelled(print: string): string {
  return (print.replace(/\s/g, "").match(/.{1,4}/g) ?? []).join(" ");
}
