import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import audienceEn from "../../src/i18n/audience.en.json";
import audienceFr from "../../src/i18n/audience.fr.json";
import bothEn from "../../src/i18n/en.json";
import bothFr from "../../src/i18n/fr.json";
import hostEn from "../../src/i18n/host.en.json";
import hostFr from "../../src/i18n/host.fr.json";
import { HOST_WORDS } from "../../src/i18n/host_words.ts";
import operatorEn from "../../src/i18n/operator.en.json";
import operatorFr from "../../src/i18n/operator.fr.json";
import recordingsEn from "../../src/i18n/recordings.en.json";
import recordingsFr from "../../src/i18n/recordings.fr.json";
import replayEn from "../../src/i18n/replay.en.json";
import replayFr from "../../src/i18n/replay.fr.json";
import roomsEn from "../../src/i18n/rooms.en.json";
import roomsFr from "../../src/i18n/rooms.fr.json";
import screenEn from "../../src/i18n/screen.en.json";
import screenFr from "../../src/i18n/screen.fr.json";
import speakEn from "../../src/i18n/speak.en.json";
import speakFr from "../../src/i18n/speak.fr.json";
import updateEn from "../../src/i18n/update.en.json";
import updateFr from "../../src/i18n/update.fr.json";
import { learnWords, preferredLanguage, say, type WordKey } from "../../src/i18n/words.ts";

const SOURCES = new URL("../../src/", import.meta.url);
const en: Record<WordKey, string> = {
  ...bothEn,
  ...audienceEn,
  ...hostEn,
  ...operatorEn,
  ...recordingsEn,
  ...replayEn,
  ...roomsEn,
  ...screenEn,
  ...speakEn,
  ...updateEn,
};
const fr: Record<WordKey, string> = {
  ...bothFr,
  ...audienceFr,
  ...hostFr,
  ...operatorFr,
  ...recordingsFr,
  ...replayFr,
  ...roomsFr,
  ...screenFr,
  ...speakFr,
  ...updateFr,
};
const keys = Object.keys(en) as WordKey[];
const slots = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

function sources(isWanted: (name: string) => boolean = () => true): string {
  return readdirSync(SOURCES, { recursive: true })
    .map(String)
    .filter((name) => /\.tsx?$/.test(name) && isWanted(name))
    .map((name) => readFileSync(new URL(name, SOURCES), "utf-8"))
    .join("\n");
}

describe("the words", () => {
  test("both languages have the same keys, in the same order", () => {
    expect(Object.keys(bothFr)).toEqual(Object.keys(bothEn));
    expect(Object.keys(audienceFr)).toEqual(Object.keys(audienceEn));
    expect(Object.keys(hostFr)).toEqual(Object.keys(hostEn));
    expect(Object.keys(operatorFr)).toEqual(Object.keys(operatorEn));
    expect(Object.keys(replayFr)).toEqual(Object.keys(replayEn));
    expect(Object.keys(roomsFr)).toEqual(Object.keys(roomsEn));
    expect(Object.keys(screenFr)).toEqual(Object.keys(screenEn));
    expect(Object.keys(speakFr)).toEqual(Object.keys(speakEn));
    expect(Object.keys(updateFr)).toEqual(Object.keys(updateEn));
  });

  test.each([
    ["audience", audienceEn],
    ["host", hostEn],
    ["operator", operatorEn],
    ["replay", replayEn],
    ["rooms", roomsEn],
    ["screen", screenEn],
    ["speak", speakEn],
  ])("of the %s are in no other dictionary, and no other page needs them", (page, ofPage) => {
    const others = [
      bothEn,
      audienceEn,
      hostEn,
      operatorEn,
      replayEn,
      roomsEn,
      screenEn,
      speakEn,
    ].filter((one) => one !== ofPage);
    const keysOfPage = Object.keys(ofPage);
    expect(keysOfPage.filter((key) => others.some((other) => key in other))).toEqual([]);
    // Speaking is a part of the audience's page that is loaded later.
    const folders = page === "audience" ? ["audience", "speak"] : [page];
    const elsewhere = sources((name) => !name.split(/[/\\]/).some((one) => folders.includes(one)));
    expect(keysOfPage.filter((key) => elsewhere.includes(`"${key}"`))).toEqual([]);
  });

  test("the host's are said once they are learnt", () => {
    expect(say("en", "host.mute")).toBe("host.mute");
    learnWords(HOST_WORDS);
    expect(say("en", "host.mute")).toBe("Mute");
    expect(say("fr", "host.mute")).toBe("Couper");
  });

  test.each(keys)("%s is said in both, with the same names to fill in", (key) => {
    expect(en[key].trim()).not.toBe("");
    expect(fr[key].trim()).not.toBe("");
    expect(slots(fr[key])).toEqual(slots(en[key]));
  });

  test("every key is used", () => {
    const text = sources();
    // These are put together from a code of the contract or a state.
    const composed =
      /^(refused\.|past\.(act\.|withdraw|erase)|avatar\.|react\.|host\.(away|on_air|ready|muted(_there)?|kept_out)$)/;
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
