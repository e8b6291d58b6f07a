import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import en from "../../src/i18n/en.json";
import fr from "../../src/i18n/fr.json";
import { preferredLanguage, say, type WordKey } from "../../src/i18n/words.ts";

const SOURCES = new URL("../../src/", import.meta.url);
const keys = Object.keys(en) as WordKey[];
const slots = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

function sources(): string {
  return readdirSync(SOURCES, { recursive: true })
    .map(String)
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(new URL(name, SOURCES), "utf-8"))
    .join("\n");
}

describe("the words", () => {
  test("both languages have the same keys, in the same order", () => {
    expect(Object.keys(fr)).toEqual(keys);
  });

  test.each(keys)("%s is said in both, with the same names to fill in", (key) => {
    expect(en[key].trim()).not.toBe("");
    expect(fr[key].trim()).not.toBe("");
    expect(slots(fr[key])).toEqual(slots(en[key]));
  });

  test("every key is used", () => {
    const text = sources();
    // These are put together from a code of the contract or a state.
    const composed = /^(refused\.|host\.(away|on_air|ready)$)/;
    expect(keys.filter((key) => !composed.test(key) && !text.includes(`"${key}"`))).toEqual([]);
  });

  test("names are filled in, as they are", () => {
    expect(say("en", "speaking.at", { name: "Zoé", table: "Table {2}" })).toBe("Zoé, at Table {2}");
    expect(say("fr", "line.place", { place: 3 })).toContain("3");
  });
});

describe("the language", () => {
  test.each([
    [["fr-CA", "en"], "fr"],
    [["de-DE", "fr"], "fr"],
    [["EN-us"], "en"],
    [["de"], "en"],
    [[], "en"],
  ])("for %j is %s", (languages, language) => {
    expect(preferredLanguage(languages)).toBe(language);
  });
});
