import { describe, expect, it } from "vitest";
import {
  answers,
  type Draft,
  draftOf,
  NEW_DRAFT,
  onAir,
  termsOf,
} from "../../../src/host/recording/terms.ts";
import type { Consent } from "../../../src/wire/messages.ts";
import { recordingOf } from "../../recording.ts";
import { roomWith, turnOf } from "../../rooms.ts";

const DRAFT: Draft = { ...NEW_DRAFT, unattended: "left_out" };

const consentOf = (participant: string, change: Partial<Consent> = {}): Consent => ({
  participant,
  name: null,
  recorded: true,
  published: false,
  text_version: "0123456789abcdef",
  at: 0,
  ...change,
});

describe("the terms of a recording", () => {
  it("keep it for 30 days unless the host says otherwise", () => {
    expect(termsOf(DRAFT)?.retention_days).toBe(30);
  });

  it.each(["0", "366", "-1", "1.5", "ten", "", "1e2"])("are none with %s days", (days) => {
    expect(termsOf({ ...DRAFT, days })).toBeNull();
  });

  it("are none before the host says what holds for the hall's microphones", () => {
    expect(termsOf(NEW_DRAFT)).toBeNull();
  });

  it("leave to the hub what is left empty", () => {
    const terms = termsOf({ ...DRAFT, contact: "  ", purposeFr: " pour Zoé " });
    expect(terms?.contact).toBeNull();
    expect(terms?.purpose_fr).toBe("pour Zoé");
  });

  it("come back from the form as they were", () => {
    const { terms } = recordingOf();
    expect(termsOf(draftOf(terms))).toEqual(terms);
  });
});

describe("the card", () => {
  it("counts the answers to the text that counts", () => {
    const consents = [
      consentOf("a", { published: true }),
      consentOf("b"),
      consentOf("c", { recorded: false }),
      consentOf("d", { text_version: "fedcba9876543210" }),
    ];
    const view = roomWith({ recording: recordingOf(), consents });
    expect(answers(view)).toEqual({ yes: 2, published: 1, no: 1 });
  });

  it("says of every open microphone whether it is recorded", () => {
    const view = roomWith({
      floor: [
        turnOf("ada", { name: "Ada", state: "live", ssrc: 7, unit: "ada-mic" }),
        turnOf("ben", { name: "Ben", state: "live", ssrc: 8, unit: "ben-mic" }),
        turnOf("cleo"),
      ],
      microphones: [{ unit: "u9", name: "Desk", ssrc: 9 }],
      recording: recordingOf({ sources: [7] }),
    });
    expect(onAir(view)).toEqual([
      { key: "ada", name: "Ada", isRecorded: true },
      { key: "ben", name: "Ben", isRecorded: false },
      { key: "u9", name: "Desk", isRecorded: false },
    ]);
  });
});
