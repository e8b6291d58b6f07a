/** What a turn is doing, and why one ends, in words. */

import { isOwnVoice } from "../../audience/own_voice.ts";
import type { Say, WordKey } from "../../i18n/words.ts";
import type { LowerReason, Mute, RoomView, Turn } from "../../wire/messages.ts";

/** The reasons that a host gives; the others are the hub's own. */
export const REASONS = {
  answered: "reason.answered",
  off_topic: "reason.off_topic",
  no_time: "reason.no_time",
  later: "reason.later",
  dismissed: "reason.dismissed",
} as const satisfies Partial<Record<LowerReason, WordKey>>;

export type Reason = keyof typeof REASONS;

/** Why nothing is heard of somebody who speaks from far away. */
const MUTED: Record<Mute, WordKey> = {
  self: "host.muted_self",
  hidden: "host.muted_hidden",
  device: "host.muted_device",
};

/** Whether the silence is on for a microphone: those of hosts sound on. */
export function isSilenced(view: RoomView, participant: string, unit: string | null): boolean {
  const isHosts = view.hosts.some((host) => host.participant === participant);
  return view.silenced && !isHosts && !(unit !== null && view.host_units.includes(unit));
}

/** Where a turn stands. */
export function turnWords(say: Say, view: RoomView, turn: Turn): string {
  if (turn.away) return say("host.reconnecting");
  if (turn.state === "live" && isSilenced(view, turn.participant, turn.unit)) {
    return say("host.silenced");
  }
  if (turn.muted !== null) return say(MUTED[turn.muted]);
  if (turn.written) return say(turn.state === "live" ? "host.hub_reads" : "host.to_read");
  if (isOwnVoice(turn, false))
    return say(turn.state === "live" ? "host.live_far" : "host.granted_far");
  if (turn.state === "live") {
    const isElsewhere = turn.unit !== turn.participant && turn.unit_name !== null;
    return isElsewhere ? say("host.live_at", { table: turn.unit_name ?? "" }) : say("host.live");
  }
  if (turn.surface === "unit")
    return say(turn.reminded ? "host.granted_chimed" : "host.granted_unit");
  if (turn.place_name !== null) return say("host.granted_to", { table: turn.place_name });
  return say("host.granted_phone");
}
