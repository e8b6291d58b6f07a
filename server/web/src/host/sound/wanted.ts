/**
 * What the host asked for, shown until the hub's status says the same.
 *
 * Theory of operation: the status comes twice a second and is older than a hand on a slider, which
 * would jump back under the finger. So what was asked is shown instead, until a status agrees, or
 * the hub refuses, or it was answered and yet the status says otherwise for longer than
 * `AGREES_WITHIN_MS`: then another host, or the hub itself, decided differently.
 */

/** Six statuses: an engine that fades to a new gain is given its time. */
const AGREES_WITHIN_MS = 3000;

interface Asked<T> {
  readonly value: T;
  readonly askedMs: number;
}

export class Wanted<T> {
  private readonly asked = new Map<string, Asked<T>>();

  constructor(private readonly agree: (wanted: T, told: T) => boolean) {}

  /** What was asked of this key and is not told by the status yet. */
  of(key: string): T | undefined {
    return this.asked.get(key)?.value;
  }

  ask(key: string, value: T, nowMs: number): void {
    this.asked.set(key, { value, askedMs: nowMs });
  }

  /** The hub refused it. */
  drop(key: string): void {
    this.asked.delete(key);
  }

  /**
   * A status came. `told` is what it says of a key (undefined: nothing any more), `isWaiting`
   * whether a command about it has no answer yet.
   */
  review(
    told: (key: string) => T | undefined,
    isWaiting: (key: string) => boolean,
    nowMs: number,
  ): void {
    for (const [key, { value, askedMs }] of this.asked) {
      const now = told(key);
      const isSaid = now !== undefined && this.agree(value, now);
      const isOld = nowMs - askedMs > AGREES_WITHIN_MS && !isWaiting(key);
      if (now === undefined || isSaid || isOld) this.asked.delete(key);
    }
  }
}
