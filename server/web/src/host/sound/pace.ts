/**
 * How often a hand on a slider speaks to the hub: five times a second in all, and the last value of
 * each slider always. The hub takes ten messages a second of a connection, presses included.
 */

/** What the pace needs from the world. */
export interface Timers {
  nowMs(): number;
  setTimer(run: () => void, delayMs: number): number;
  clearTimer(timer: number): void;
}

const EVERY_MS = 200;

export class Pace {
  /** The last word of each key that waits for its time, longest waiting first. */
  private readonly held = new Map<string, () => void>();
  private lastMs = Number.NEGATIVE_INFINITY;
  private timer: number | null = null;

  constructor(private readonly world: Timers) {}

  /** Sends now, or when its time has come unless a later word of the same key replaces it. */
  offer(key: string, send: () => void): void {
    this.held.set(key, send);
    this.plan();
  }

  /** Sends now, whatever was sent before: a press does not wait. */
  hurry(key: string, send: () => void): void {
    this.held.delete(key);
    this.lastMs = this.world.nowMs();
    send();
  }

  private plan(): void {
    if (this.timer !== null) return;
    const waitMs = this.lastMs + EVERY_MS - this.world.nowMs();
    if (waitMs <= 0) this.sendFirst();
    else this.timer = this.world.setTimer(() => this.due(), waitMs);
  }

  private due(): void {
    this.timer = null;
    if (this.held.size > 0) this.plan();
  }

  private sendFirst(): void {
    const [first] = this.held;
    if (first === undefined) return;
    const [key, send] = first;
    this.held.delete(key);
    this.lastMs = this.world.nowMs();
    send();
    if (this.held.size > 0) this.plan();
  }
}
