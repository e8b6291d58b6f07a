/** Figures as people of each language read them. */

import type { Language, Say, WordKey } from "../../i18n/words.ts";

/** `-3.24` is "−3.2 dB", `4` is "+4 dB". */
export function decibels(language: Language, value: number): string {
  return `${signed(language, value, 1)}\u00a0dB`;
}

/** `21.46` is "21 ms"; below 10 ms with one decimal. */
export function milliseconds(language: Language, value: number): string {
  const maximumFractionDigits = value < 9.95 ? 1 : 0;
  return `${value.toLocaleString(language, { maximumFractionDigits })}\u00a0ms`;
}

/** A level below full scale, as loud as it may get at all: `-24.4` is "−24 dB". */
export function decibelsFullScale(language: Language, value: number): string {
  return `${signed(language, value, 0)}\u00a0dB`;
}

export function partsPerMillion(language: Language, value: number): string {
  return `${signed(language, value, 0)}\u00a0ppm`;
}

export function hertz(language: Language, value: number): string {
  return `${value.toLocaleString(language, { maximumFractionDigits: 0 })}\u00a0Hz`;
}

/** `45` is "45%", and "45 %" in French. */
export function percentOf(language: Language, percent: number): string {
  return (percent / 100).toLocaleString(language, { style: "percent" });
}

/** "1 gap", "3 gaps". */
export function counted(
  say: Say,
  language: Language,
  count: number,
  one: WordKey,
  other: WordKey,
): string {
  const isOne = new Intl.PluralRules(language).select(count) === "one";
  return say(isOne ? one : other, { count: count.toLocaleString(language) });
}

function signed(language: Language, value: number, maximumFractionDigits: number): string {
  const text = Math.abs(value).toLocaleString(language, { maximumFractionDigits });
  if (!/[1-9]/.test(text)) return text; // what rounds to zero has no sign
  return `${value < 0 ? "\u2212" : "+"}${text}`;
}
