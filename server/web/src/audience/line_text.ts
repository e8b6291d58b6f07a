/** One line of text that goes with a hand; the twin of `parvis_wire.fields.Line`. Pure. */

/** `parvis_wire.fields.MAX_LINE_CHARACTERS`. */
export const MAX_LINE_CHARACTERS = 280;

/** From here on the counter is read aloud. */
const NEARLY_FULL = 20;

/** As it is written: on one line. */
export function onOneLine(text: string): string {
  return text.replace(/[\r\n\t\u2028\u2029]+/g, " ");
}

/** As it is sent, or null: nothing to send, or too much. */
export function cleanLine(text: string): string | null {
  const line = onOneLine(text)
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cs}\p{Co}]|(?![\u200c\u200d])\p{Cf}/gu, "")
    .trim();
  const length = [...line].length;
  return length === 0 || length > MAX_LINE_CHARACTERS ? null : line;
}

/** How many characters may still be written; below zero: too many. */
export function charactersLeft(text: string): number {
  return MAX_LINE_CHARACTERS - [...onOneLine(text).normalize("NFC").trim()].length;
}

export function isNearlyFull(left: number): boolean {
  return left <= NEARLY_FULL;
}
