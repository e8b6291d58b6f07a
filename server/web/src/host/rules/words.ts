/** The modes of the floor and their rules, as people say them. */

import type { WordKey } from "../../i18n/words.ts";
import type { FloorMode } from "../../wire/messages.ts";

interface ModeWords {
  name: WordKey;
  /** What a press does then, in one sentence. */
  hint: WordKey;
}

/** In the order from the calmest to the liveliest. */
export const MODES: Record<FloorMode, ModeWords> = {
  host: { name: "mode.host", hint: "mode.host_hint" },
  queue: { name: "mode.queue", hint: "mode.queue_hint" },
  open: { name: "mode.open", hint: "mode.open_hint" },
  override: { name: "mode.override", hint: "mode.override_hint" },
  push_to_talk: { name: "mode.push_to_talk", hint: "mode.push_to_talk_hint" },
  voice: { name: "mode.voice", hint: "mode.voice_hint" },
};

/** `parvis_wire.floor.MAX_OPEN_MICROPHONES`. */
export const MAX_CAP = 25;

/** A speaker's time, as evenings use it; null: none. */
export const TURN_TIMES_S: readonly (number | null)[] = [null, 30, 60, 120, 180, 300, 600];

/** The times to choose from, with one that another page set. */
export function timesToChoose(turn_s: number | null): (number | null)[] {
  const all = TURN_TIMES_S.includes(turn_s) ? [...TURN_TIMES_S] : [...TURN_TIMES_S, turn_s];
  return all.sort((a, b) => (a ?? 0) - (b ?? 0));
}
