/** Which reactions rise over the square: few and calm, however many people clap. Pure. */

import type { Pulse, Reaction } from "../wire/messages.ts";

/** The signs, in the order of the buttons. */
export const REACTIONS: Record<Reaction, string> = {
  clap: "👏",
  heart: "❤️",
  laugh: "😄",
  yes: "👍",
  no: "👎",
  louder: "📢",
  mark: "🔖",
};

/** Of all kinds together, in one second. */
export const MAX_BUBBLES = 6;

/** `parvis_server.room.audience.REACTIONS_PER_PULSE`: more of one person are not counted. */
export const MAX_OWN_PER_SECOND = 5;

export interface Bubble {
  id: number;
  reaction: Reaction;
  /** How many people it stands for. */
  count: number;
}

/** Makes bubbles of pulses, without those that one has seen of oneself at once. */
export class Bubbles {
  private made = 0;
  private readonly own = new Map<Reaction, number>();

  /** One's own: shown at once, and not again when the hub tells. Null: faster than is counted. */
  ownReaction(reaction: Reaction): Bubble | null {
    const sent = [...this.own.values()].reduce((sum, count) => sum + count, 0);
    if (sent >= MAX_OWN_PER_SECOND) return null;
    this.own.set(reaction, (this.own.get(reaction) ?? 0) + 1);
    return this.bubble(reaction, 1);
  }

  /** A second has passed without news: what was sent in it was told, or is lost. */
  forgetOwn(): void {
    this.own.clear();
  }

  /** The others', the most frequent first: one bubble each, more while there is room. */
  ofPulse(pulse: Pulse): Bubble[] {
    const counts = (Object.keys(REACTIONS) as Reaction[])
      .map((reaction) => ({
        reaction,
        count: (pulse.reactions[reaction] ?? 0) - (this.own.get(reaction) ?? 0),
      }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count);
    this.own.clear();
    return counts.slice(0, MAX_BUBBLES).map(({ reaction, count }) => this.bubble(reaction, count));
  }

  private bubble(reaction: Reaction, count: number): Bubble {
    this.made += 1;
    return { id: this.made, reaction, count };
  }
}
