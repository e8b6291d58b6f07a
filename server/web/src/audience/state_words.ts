/** Which words say how it is now; a pure rule, tested for every state. */

import type { AudioState } from "../audio/lifecycle.ts";
import type { WordKey } from "../i18n/words.ts";
import type { LinkState } from "../room/connection_parts.ts";

export interface Situation {
  audio: AudioState;
  link: LinkState;
  hasJoined: boolean;
  /** Real sound was played since the tap. */
  hasSound: boolean;
  /** Nothing came for longer than three seconds. */
  isLost: boolean;
  /** The edge does not reach the venue, which no sound comes from. */
  isVenueAway: boolean;
  /** Somebody's voice is in the room's sound. */
  hasVoice: boolean;
}

/** The one line under the door. A person's own tap is asked for before the network is explained. */
export function stateWords(now: Situation): WordKey {
  const needsPerson: Partial<Record<AudioState, WordKey>> = {
    interrupted: "state.interrupted",
    suspended: "state.suspended",
    frozen: "state.frozen",
    failed: "state.failed",
  };
  const asked = needsPerson[now.audio];
  if (asked !== undefined) return asked;
  if (now.isVenueAway && !now.hasJoined) return "venue.waiting";
  if (now.link === "reconnecting")
    return now.hasJoined ? "state.reconnecting" : "state.unreachable";
  if (now.link === "connecting") return "state.connecting";
  if (now.audio !== "idle" && now.isVenueAway) return "venue.waiting";
  if (now.link === "stalled") return "state.stalled";
  if (now.audio === "idle") return "state.idle";
  if (now.audio === "starting") return "state.starting";
  if (!now.hasSound) return "state.waiting";
  if (now.isLost) return "state.stalled";
  return now.hasVoice ? "state.live" : "state.quiet";
}
