/** Follows what happens to one's own hand and turn, and rings and shakes when the hub calls. */

import type { WordKey } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { Store } from "../ui/store.ts";
import type { Attention } from "../wire/messages.ts";
import { noticeAfter } from "./notice.ts";

/** How a phone shakes: a call insists, a warning nudges. Milliseconds on, off, on ... */
const SHAKES: Partial<Record<Attention, number[]>> = {
  chime: [300, 120, 300, 120, 500],
  time_soon: [120],
  time_over: [250, 120, 250],
};

const SPOKEN: Partial<Record<Attention, WordKey>> = {
  chime: "attend.chime",
  time_soon: "attend.time_soon",
  time_over: "attend.time_over",
};

export interface OwnNewsState {
  /** What happened to one's hand without one's own act. */
  notice: WordKey | null;
  /** The hub's last call, for screen readers. */
  call: WordKey | null;
}

interface Means {
  /** Rings; only where this phone may sound. */
  ring(): void;
  shake(pattern: number[]): void;
}

export class OwnNews {
  readonly store = new Store<OwnNewsState>({ notice: null, call: null });

  constructor(hub: Pick<HubClient, "room" | "onEvent" | "onAttend">, means: Means) {
    hub.onEvent = (event) => {
      const { notice } = this.store.value;
      const next = noticeAfter(notice, event, hub.room.value.participant);
      if (next !== notice) this.store.set({ notice: next });
    };
    hub.onAttend = (what) => {
      const call = SPOKEN[what];
      if (call === undefined) return;
      this.store.set({ call });
      means.shake(SHAKES[what] ?? []);
      if (what === "chime") means.ring();
    };
    // A call is about the turn of now: without one there is nothing left to say.
    hub.room.follow(() => {
      const { view, participant } = hub.room.value;
      const hasTurn = view?.floor.some((turn) => turn.participant === participant) ?? false;
      if (!hasTurn && this.store.value.call !== null) this.store.set({ call: null });
    });
  }

  /** It was read, or is about an earlier hand. */
  clear(): void {
    if (this.store.value.notice !== null) this.store.set({ notice: null });
  }
}
