/** Who runs the room, and who would when no host is there. */

import type { Rank, RoomHost, RoomView } from "../../wire/messages.ts";

export interface Runner {
  host: RoomHost;
  isMe: boolean;
  /** Acts now, because no host is there. */
  isActing: boolean;
  /** 1: takes over first when the hosts are gone; null: a host. */
  heir: number | null;
}

export function runners(view: RoomView, me: string | null): Runner[] {
  let heirs = 0;
  return view.hosts.map((host) => {
    if (host.rank === "cohost") heirs += 1;
    return {
      host,
      isMe: host.participant === me,
      isActing: host.participant === view.acting,
      heir: host.rank === "cohost" ? heirs : null,
    };
  });
}

/** My rank; null: the room has not told yet. */
export function rankOf(view: RoomView, me: string | null): Rank | null {
  return view.hosts.find(({ participant }) => participant === me)?.rank ?? null;
}
