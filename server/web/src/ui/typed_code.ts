/** A code as people type it: small letters, spaces and dashes as they like, letters that it cannot have. */

/** What a sign that no code has is mostly mistaken for. */
export type Likely = { one: string; two: string; three: string };

/** The signs of a code, how many there are, and what others are mistaken for. */
export interface Code {
  alphabet: string;
  characters: number;
  likely: Readonly<Record<string, Likely>>;
}

export type Typed =
  | { code: string }
  | { fault: "empty" }
  | { fault: "length"; count: number }
  | { fault: "look_alike"; sign: string; likely: Likely }
  | { fault: "stray"; sign: string };

/** The code that was meant, or what is wrong with it. */
export function readTyped(typed: string, { alphabet, characters, likely }: Code): Typed {
  const signs = [...typed.normalize("NFKC")].map(capital).filter(isMeant);
  if (signs.length === 0) return { fault: "empty" };
  for (const sign of signs) {
    const mistaken = likely[sign];
    if (mistaken !== undefined) return { fault: "look_alike", sign, likely: mistaken };
    if (!alphabet.includes(sign)) return { fault: "stray", sign };
  }
  if (signs.length !== characters) return { fault: "length", count: signs.length };
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
