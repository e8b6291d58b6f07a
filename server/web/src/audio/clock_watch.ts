/**
 * Looks whether an audio clock that says it runs really moves. After an interruption some browsers
 * leave a context "running" with a clock that stands still: silence without a word.
 */

const LOOK_EVERY_MS = 500;

/** The two parts of an AudioContext that are looked at. */
export interface Clock {
  readonly currentTime: number;
  readonly state: string;
}

export class ClockWatch {
  private timer = 0;
  private lastTime = Number.NaN;

  constructor(private readonly onFrozen: () => void) {}

  start(clock: Clock): void {
    this.stop();
    this.lastTime = clock.currentTime;
    this.timer = globalThis.setInterval(() => this.look(clock), LOOK_EVERY_MS) as unknown as number;
  }

  stop(): void {
    globalThis.clearInterval(this.timer);
  }

  private look(clock: Clock): void {
    if (clock.state !== "running") return;
    const hasMoved = clock.currentTime > this.lastTime;
    this.lastTime = clock.currentTime;
    if (hasMoved) return;
    this.stop();
    this.onFrozen();
  }
}
