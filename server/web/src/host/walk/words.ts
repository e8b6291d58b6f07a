/** The sound check walk in words: one sentence for each fault, which says what to do. */

import type { Say, WordKey } from "../../i18n/words.ts";
import type { Fault, Tick } from "./walk.ts";

const FAULTS: Record<Fault, WordKey> = {
  away: "walk.away",
  muted: "walk.muted",
  kept_out: "walk.kept_out",
  unheard: "walk.unheard",
  faint: "walk.faint",
  loud: "walk.loud",
  noisy: "walk.noisy",
  lossy: "walk.lossy",
  no_signal: "walk.no_signal",
  untested: "walk.untested",
  inaudible: "walk.inaudible",
  returns: "walk.returns",
  nobody_far: "walk.nobody_far",
  no_microphone: "walk.no_microphone",
};

const KINDS: Record<Tick["kind"], WordKey> = {
  microphone: "sound.microphone",
  desk: "sound.desk",
  speaker: "sound.speaker",
  output: "sound.loudspeaker",
  remote: "walk.remote",
  none: "sound.microphone",
};

export function faultWords(say: Say, { fault, name }: Tick): string {
  return fault === null ? "" : say(FAULTS[fault], { name });
}

export function kindWords(say: Say, tick: Tick): string {
  return say(KINDS[tick.kind]);
}
