/** The page's words in French and English: chosen by the browser, changed by the person. */

import { Store, useStore } from "../ui/store.ts";
import type audienceEn from "./audience.en.json";
import en from "./en.json";
import fr from "./fr.json";
import type hostEn from "./host.en.json";
import type operatorEn from "./operator.en.json";
import type recordingsEn from "./recordings.en.json";
import type replayEn from "./replay.en.json";
import type roomsEn from "./rooms.en.json";
import type screenEn from "./screen.en.json";
import type speakEn from "./speak.en.json";
import type updateEn from "./update.en.json";

export type Language = "en" | "fr";
export type WordKey =
  | keyof typeof en
  | keyof typeof audienceEn
  | keyof typeof hostEn
  | keyof typeof operatorEn
  | keyof typeof recordingsEn
  | keyof typeof replayEn
  | keyof typeof roomsEn
  | keyof typeof screenEn
  | keyof typeof speakEn
  | keyof typeof updateEn;

type Words<Key extends string> = Record<Language, Record<Key, string>>;

// The type says it too: a key that one language lacks does not compile.
const BOTH_PAGES: Words<keyof typeof en> = { en, fr };

const dictionaries: Record<Language, Partial<Record<WordKey, string>>> = { ...BOTH_PAGES };

/** Learns the words of one page; before the first of them is said. */
export function learnWords(
  more:
    | Words<keyof typeof audienceEn>
    | Words<keyof typeof hostEn>
    | Words<keyof typeof operatorEn>
    | Words<keyof typeof recordingsEn>
    | Words<keyof typeof replayEn>
    | Words<keyof typeof roomsEn>
    | Words<keyof typeof screenEn>
    | Words<keyof typeof speakEn>
    | Words<keyof typeof updateEn>,
): void {
  for (const tag of ["en", "fr"] as const) {
    dictionaries[tag] = { ...dictionaries[tag], ...more[tag] };
  }
}

const STORAGE_KEY = "parvis.language";

/** The first of the person's languages that we speak; English if none. */
export function preferredLanguage(languages: readonly string[]): Language {
  for (const tag of languages) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "fr" || primary === "en") return primary;
  }
  return "en";
}

/** Says `key` in `language`, with `{names}` filled in. */
export function say(
  language: Language,
  key: WordKey,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return (dictionaries[language][key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) =>
    String(values[name] ?? ""),
  );
}

export type Say = (key: WordKey, values?: Readonly<Record<string, string | number>>) => string;

const language = new Store<{ now: Language }>({ now: "en" });

/** Reads the person's choice; call once at the start. */
export function chooseLanguage(): void {
  const kept = readKept(STORAGE_KEY);
  const now = kept === "fr" || kept === "en" ? kept : preferredLanguage(navigator.languages);
  setLanguage(now, false);
}

/** Changes the language of the page, and remembers it. */
export function setLanguage(now: Language, isChoice = true): void {
  document.documentElement.lang = now;
  language.set({ now });
  if (isChoice) keep(STORAGE_KEY, now);
}

/** The words in the language of now; the component follows when it changes. */
export function useWords(): { say: Say; language: Language } {
  const now = useStore(language, (value) => value.now);
  return { say: (key, values) => say(now, key, values), language: now };
}

/** Local storage, where it is allowed (private windows may refuse). */
export function readKept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a value on this phone, where that is allowed. */
export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then it is asked again next time.
  }
}
