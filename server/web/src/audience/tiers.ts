/** The audience behind the stage: people who were invited, people with a name, and numbers. Pure. */

import type { Listed } from "../room/people.ts";
import type { Pulse, RoomView } from "../wire/messages.ts";

/** Names on the page; beyond, it counts. */
export const SHOWN = 24;

export interface Tiers {
  /** And whom a host or a speaker keeps in view. */
  invited: Listed[];
  named: Listed[];
  /** Listeners who are not shown by name; null: the host hides how many. */
  others: number | null;
}

/** Sorts who is told of into tiers. `onStage` are shown there already. */
export function tiersOf(
  people: readonly Listed[],
  onStage: ReadonlySet<string>,
  pulse: Pulse | null,
  inView: readonly string[],
): Tiers {
  const rest = people.filter((one) => !onStage.has(one.participant));
  const isBehind = (one: Listed) => one.invited || inView.includes(one.participant);
  const invited = rest.filter(isBehind).slice(0, SHOWN);
  const named = rest.filter((one) => !isBehind(one)).slice(0, SHOWN);
  const listeners = pulse?.listeners ?? null;
  const seen = invited.length + named.length + (people.length - rest.length);
  return { invited, named, others: listeners === null ? null : Math.max(0, listeners - seen) };
}

/**
 * Whether this person may keep others in view: who runs the room, was invited to speak, or speaks just
 * now. As in `room/permissions.py`.
 */
export function mayKeepInView(
  view: RoomView,
  me: string | null,
  isInvitedSpeaker: boolean,
): boolean {
  if (me === null) return false;
  if (isInvitedSpeaker || view.hosts.some((host) => host.participant === me)) return true;
  return view.floor.some(
    (turn) => turn.participant === me && turn.state === "live" && turn.unit !== null,
  );
}
