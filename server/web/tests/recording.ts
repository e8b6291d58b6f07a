/** A recording for tests. */

import type { Recording } from "../src/wire/messages.ts";

const WORDS = { hearing: "Heard.", to_record: "Record?", to_publish: "Publish?", aloud: "Aloud." };

export const recordingOf = (change: Partial<Recording> = {}): Recording => ({
  recording: "20261123T190000Z-1",
  begun_at: 0,
  begun_utc_ms: 1_800_000_000_000,
  terms: {
    retention_days: 30,
    unattended: "left_out",
    unrecorded_may_speak: true,
    catch_up: false,
    purpose_fr: "pour les archives",
    purpose_en: "for the archive",
    contact: "ana@example.org",
  },
  notice: { version: "0123456789abcdef", fr: WORDS, en: WORDS },
  sources: [],
  ...change,
});
