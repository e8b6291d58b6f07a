/** Which hands are new, so that the host hears of each one once. */

import type { Hand } from "../../wire/messages.ts";

/** From here on the host is reminded of the foremost hand. */
export const LONG_WAIT_MS = 180_000;

/** Remembers who was in the line; a page that has just come knows nobody and rings for nobody. */
export class NewHands {
  private known: Map<string, number> | null = null;

  /** The hands that were not there before, by whoever raised them. */
  look(line: readonly Hand[]): Hand[] {
    const known = this.known;
    this.known = new Map(line.map((hand) => [hand.participant, hand.raised_at]));
    if (known === null) return [];
    return line.filter((hand) => known.get(hand.participant) !== hand.raised_at);
  }
}

/** "(3) Evening": what a tab in the background shows. */
export function countedTitle(count: number, title: string): string {
  return count === 0 ? title : `(${count}) ${title}`;
}
