/** Time that passes when told. */
export class FakeTimers {
  private now = 1000;
  private timers: { at: number; run: () => void; id: number }[] = [];
  private lastId = 0;

  nowMs(): number {
    return this.now;
  }

  setTimer(run: () => void, delayMs: number): number {
    this.lastId += 1;
    this.timers.push({ at: this.now + delayMs, run, id: this.lastId });
    return this.lastId;
  }

  clearTimer(timer: number): void {
    this.timers = this.timers.filter(({ id }) => id !== timer);
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.clearTimer(due.id);
      this.now = Math.max(this.now, due.at);
      due.run();
    }
    this.now = end;
  }
}
