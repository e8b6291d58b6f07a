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
  host: { name: "modes.host", hint: "modes.host_hint" },
  queue: { name: "modes.queue", hint: "modes.queue_hint" },
  open: { name: "modes.open", hint: "modes.open_hint" },
  override: { name: "modes.override", hint: "modes.override_hint" },
  push_to_talk: { name: "modes.push_to_talk", hint: "modes.push_to_talk_hint" },
  voice: { name: "modes.voice", hint: "modes.voice_hint" },
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
