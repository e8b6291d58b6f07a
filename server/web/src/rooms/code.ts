/** A short code as people type it: small letters, spaces, a whole address, letters that no code has. */

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

type Likely = typeof ROUND;

export type Typed =
  | { code: string }
  | { fault: "empty" }
  | { fault: "length"; count: number }
  | { fault: "look_alike"; sign: string; likely: Likely }
  | { fault: "stray"; sign: string };

/** The code that was meant, or what is wrong with it. */
export function readCode(typed: string): Typed {
  const signs = [...withoutAddress(typed).normalize("NFKC")].map(capital).filter(isMeant);
  if (signs.length === 0) return { fault: "empty" };
  for (const sign of signs) {
    const likely = LIKELY[sign];
    if (likely !== undefined) return { fault: "look_alike", sign, likely };
    if (!ALPHABET.includes(sign)) return { fault: "stray", sign };
  }
  if (signs.length !== CHARACTERS) return { fault: "length", count: signs.length };
  return { code: signs.join("") };
}

/** `ß` would become two. */
function capital(sign: string): string {
  const large = sign.toUpperCase();
  return large.length === sign.length ? large : sign;
}

/** Spaces, hyphens and full stops only group a code for the eye. */
function isMeant(sign: string): boolean {
  return !/[\s.,:;_\p{Pd}\p{Cf}]/u.test(sign);
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
