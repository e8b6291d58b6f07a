/** Which way a room may go from where it is. */

import type { WordKey } from "../../i18n/words.ts";
import type { Phase, Rank } from "../../wire/messages.ts";

export interface Step {
  to: Phase;
  words: WordKey;
  /** The way one takes in an ordinary evening. */
  isMain: boolean;
  /** Nobody comes back from there: asked once more. */
  isFinal: boolean;
}

const BACKSTAGE: Step = {
  to: "backstage",
  words: "phase.to_backstage",
  isMain: false,
  isFinal: false,
};
const LIVE: Step = { to: "live", words: "phase.to_live", isMain: true, isFinal: false };
const END: Step = { to: "ended", words: "phase.to_end", isMain: false, isFinal: true };

const STEPS: Record<Phase, readonly Step[]> = {
  scheduled: [LIVE, BACKSTAGE],
  backstage: [LIVE, END],
  live: [BACKSTAGE, END],
  ended: [],
};

export const PHASES: Record<Phase, WordKey> = {
  scheduled: "phase.scheduled",
  backstage: "phase.backstage",
  live: "phase.live",
  ended: "phase.ended",
};

/** A co-host may do everything but end the room. */
export function steps(phase: Phase, rank: Rank | null): readonly Step[] {
  return STEPS[phase].filter((step) => !step.isFinal || rank !== "cohost");
}
