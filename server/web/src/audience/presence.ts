/** How one is here, as the audience sees it: in the hall or far, with a name or only counted. */

import { keep, readKept } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import type { Kept } from "../ui/fragment.ts";
import { Store } from "../ui/store.ts";
import type { Avatar, Here } from "../wire/messages.ts";
import { cleanName } from "./name.ts";

export interface PresenceState {
  /** In the hall: nothing is played here, and one's turn is at a table. */
  inHall: boolean;
  /** What one is called; kept on this phone. */
  name: string | null;
  avatar: Avatar | null;
  /** Whether the audience sees it. Asked anew on each visit: a name is never shown unasked. */
  isShown: boolean;
}

/** The pictures, in the order of the sheet. */
export const AVATARS: Record<Avatar, string> = {
  fox: "🦊",
  owl: "🦉",
  bee: "🐝",
  whale: "🐳",
  tree: "🌳",
  sun: "🌞",
  moon: "🌙",
  wave: "🌊",
};

const NAME_KEY = "parvis.name";
const AVATAR_KEY = "parvis.avatar";
const IN_HALL_KEY = "parvis.in_hall";
const SHOWN_KEY = "parvis.shown";

/** What the hub is told. */
export function hereOf(now: PresenceState): Here {
  const here: Here = { type: "here", in_hall: now.inHall };
  return now.isShown ? { ...here, name: now.name, avatar: now.avatar } : here;
}

/** A picture that we draw, or null. */
export function avatarOf(kept: string | null): Avatar | null {
  return kept !== null && Object.hasOwn(AVATARS, kept) ? (kept as Avatar) : null;
}

export class Presence {
  readonly store: Store<PresenceState>;

  constructor(
    private readonly hub: Pick<HubClient, "here">,
    private readonly tab: Kept | null,
  ) {
    this.store = new Store<PresenceState>({
      inHall: tab?.getItem(IN_HALL_KEY) === "yes",
      name: cleanName(readKept(NAME_KEY) ?? ""),
      avatar: avatarOf(readKept(AVATAR_KEY)),
      isShown: tab?.getItem(SHOWN_KEY) === "yes",
    });
    const { inHall, isShown } = this.store.value;
    if (inHall || isShown) this.tell();
  }

  setInHall(inHall: boolean): void {
    this.tab?.setItem(IN_HALL_KEY, inHall ? "yes" : "no");
    this.change({ inHall });
  }

  /** What one is called from now on; shown to the audience only if one's name is. */
  rename(name: string): void {
    keep(NAME_KEY, name);
    this.change({ name });
  }

  /** Shows oneself to the audience. */
  show(name: string, avatar: Avatar | null): void {
    keep(NAME_KEY, name);
    keep(AVATAR_KEY, avatar ?? "");
    this.tab?.setItem(SHOWN_KEY, "yes");
    this.change({ name, avatar, isShown: true });
  }

  /** Is only counted from now on. */
  hide(): void {
    this.tab?.setItem(SHOWN_KEY, "no");
    this.change({ isShown: false });
  }

  private change(some: Partial<PresenceState>): void {
    const before = JSON.stringify(hereOf(this.store.value));
    this.store.set(some);
    if (JSON.stringify(hereOf(this.store.value)) !== before) this.tell();
  }

  private tell(): void {
    this.hub.here(hereOf(this.store.value));
  }
}
