/** The code of a unit's label, as people type it; and fingerprints as people compare them. */

/** `parvis_wire.identity.SETUP_CODE_ALPHABET`: no I and O, no 0 and 1. */
const ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/** `parvis_wire.identity.SETUP_CODE_CHARACTERS`. */
export const CODE_CHARACTERS = 8;

/** What the signs that no code has are mostly mistaken for. */
const ROUND = { one: "Q", two: "D", three: "8" };
const UPRIGHT = { one: "L", two: "J", three: "7" };
const LIKELY: Readonly<Record<string, Likely>> = { "0": ROUND, O: ROUND, "1": UPRIGHT, I: UPRIGHT };

type Likely = typeof ROUND;

export type Typed =
  | { code: string }
  | { fault: "empty" }
  | { fault: "length"; count: number }
  | { fault: "look_alike"; sign: string; likely: Likely }
  | { fault: "stray"; sign: string };

/** The code that was meant, or what is wrong with it: dashes, blanks and small letters are fine. */
export function readSetupCode(typed: string): Typed {
  const signs = [...typed.normalize("NFKC")].map(capital).filter(isMeant);
  if (signs.length === 0) return { fault: "empty" };
  for (const sign of signs) {
    const likely = LIKELY[sign];
    if (likely !== undefined) return { fault: "look_alike", sign, likely };
    if (!ALPHABET.includes(sign)) return { fault: "stray", sign };
  }
  if (signs.length !== CODE_CHARACTERS) return { fault: "length", count: signs.length };
  return { code: signs.join("") };
}

/** `ß` would become two. */
function capital(sign: string): string {
  const large = sign.toUpperCase();
  return large.length === sign.length ? large : sign;
}

/** What only groups a code for the eye. */
function isMeant(sign: string): boolean {
  return !/[\s.,:;_\p{Pd}\p{Cf}]/u.test(sign);
}

/** A fingerprint in four groups of four, as the unit and its papers show it. */
export function spelled(print: string): string {
  return (print.replace(/\s/g, "").match(/.{1,4}/g) ?? []).join(" ");
}
