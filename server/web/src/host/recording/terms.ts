/** The host's form for a recording, and what the card says of it. Pure. */

import type { WordKey } from "../../i18n/words.ts";
import type { RecordingTerms, RoomView } from "../../wire/messages.ts";

/** `parvis_wire.recording.MAX_RETENTION_DAYS` and its default. */
export const MAX_DAYS = 365;
const DEFAULT_DAYS = 30;

export type Unattended = NonNullable<RecordingTerms["unattended"]>;

/** The choices, and how the form says them. */
export const UNATTENDED: Record<Unattended, WordKey> = {
  published: "recorder.published",
  recorded: "recorder.recorded",
  left_out: "recorder.left_out",
};

/** What the form holds; what holds for the hall's microphones is chosen by nobody but the host. */
export interface Draft {
  days: string;
  unattended: Unattended | null;
  unrecordedMaySpeak: boolean;
  catchUp: boolean;
  contact: string;
  purposeEn: string;
  purposeFr: string;
}

export const NEW_DRAFT: Draft = {
  days: String(DEFAULT_DAYS),
  unattended: null,
  unrecordedMaySpeak: true,
  catchUp: false,
  contact: "",
  purposeEn: "",
  purposeFr: "",
};

/** The form for terms that hold already. */
export function draftOf(terms: RecordingTerms): Draft {
  return {
    days: String(terms.retention_days),
    unattended: terms.unattended ?? null,
    unrecordedMaySpeak: terms.unrecorded_may_speak ?? true,
    catchUp: terms.catch_up ?? false,
    contact: terms.contact ?? "",
    purposeEn: terms.purpose_en ?? "",
    purposeFr: terms.purpose_fr ?? "",
  };
}

/** The terms; null while something is missing or out of bounds. */
export function termsOf(draft: Draft): RecordingTerms | null {
  const days = /^\d{1,3}$/.test(draft.days.trim()) ? Number(draft.days) : 0;
  if (days < 1 || days > MAX_DAYS || draft.unattended === null) return null;
  return {
    retention_days: days,
    unattended: draft.unattended,
    unrecorded_may_speak: draft.unrecordedMaySpeak,
    catch_up: draft.catchUp,
    purpose_fr: draft.purposeFr.trim() || null,
    purpose_en: draft.purposeEn.trim() || null,
    contact: draft.contact.trim() || null,
  };
}

/** How many have answered what, to the text that counts now. */
export function answers(view: RoomView): { yes: number; published: number; no: number } {
  const version = view.recording?.notice.version;
  const given = view.consents.filter((consent) => consent.text_version === version);
  const yes = given.filter((consent) => consent.recorded);
  const published = yes.filter((consent) => consent.published);
  return { yes: yes.length, published: published.length, no: given.length - yes.length };
}

export interface OnAir {
  key: string;
  name: string;
  isRecorded: boolean;
}

/** Everybody whose microphone is open, and whether they are in the recording. */
export function onAir(view: RoomView): OnAir[] {
  const sources = view.recording?.sources ?? [];
  const live = view.floor.filter((turn) => turn.state === "live" && turn.ssrc !== null);
  return [
    ...live.map((turn) => ({
      key: turn.participant,
      name: turn.name,
      isRecorded: sources.includes(turn.ssrc ?? -1),
    })),
    ...view.microphones.map(({ unit, name, ssrc }) => ({
      key: unit,
      name,
      isRecorded: sources.includes(ssrc),
    })),
  ];
}
