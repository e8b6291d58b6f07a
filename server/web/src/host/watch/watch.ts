/** What the console remembers of each status: links, and who was heard when. */

import { Store } from "../../ui/store.ts";
import type { Status } from "../../wire/messages.ts";
import { pageNowMs } from "../clock.ts";
import type { Hub } from "../sound/desk.ts";
import { Links } from "../units/quality.ts";
import { SoundWalk } from "../walk/walk.ts";
import { Heard } from "./heard.ts";

export class Watch {
  /** Turns at each status. */
  readonly turns = new Store({ count: 0 });
  readonly links = new Links();
  readonly heard = new Heard();
  /** The walk that is on; null: none. */
  walk: SoundWalk | null = null;
  private status: Status | null = null;

  constructor(hub: Hub, nowMs: () => number = pageNowMs) {
    hub.room.follow(() => {
      const { status } = hub.room.value;
      if (status === null || status === this.status) return;
      this.status = status;
      this.links.note(status, nowMs());
      this.heard.note(status, nowMs());
      this.walk?.note(status);
      this.turn();
    });
  }

  startWalk(): void {
    this.walk = new SoundWalk();
    if (this.status !== null) this.walk.note(this.status);
    this.turn();
  }

  endWalk(): void {
    this.walk = null;
    this.turn();
  }

  /** Draw again: an answer of the host changed something. */
  turn(): void {
    this.turns.set({ count: this.turns.value.count + 1 });
  }
}
