/** A short code as people type it: small letters, spaces, a whole address, letters that no code has. */

import { type Likely, readTyped, type Typed } from "../ui/typed_code.ts";

/** `parvis_server.net.credentials.CODE_ALPHABET`: nothing in it is mistaken for 0, O, 1, I or L. */
const ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/** `parvis_server.net.credentials.CODE_CHARACTERS`. */
const CHARACTERS = 6;

/** What the signs that no code has are mostly mistaken for. */
const ROUND = { one: "8", two: "D", three: "Q" };
const UPRIGHT = { one: "7", two: "J", three: "T" };
const LIKELY: Readonly<Record<string, Likely>> = {
  "0": ROUND,
  O: ROUND,
  "1": UPRIGHT,
  I: UPRIGHT,
  L: UPRIGHT,
};

/** The code that was meant, or what is wrong with it. */
export function readCode(typed: string): Typed {
  return readTyped(withoutAddress(typed), {
    alphabet: ALPHABET,
    characters: CHARACTERS,
    likely: LIKELY,
  });
}

/** `hub.local/c/ABC234` pasted whole is the code at its end. */
function withoutAddress(typed: string): string {
  return /\/c\/([^/?#]*)/i.exec(typed)?.[1] ?? typed;
}

/** The code of `/c/{code}`, as it was typed into the address bar. */
export function codeOfPath(path: string): string {
  const found = /^\/c\/([^/]+)$/.exec(path)?.[1] ?? "";
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}
