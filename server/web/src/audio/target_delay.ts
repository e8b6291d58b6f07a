/**
 * How long sound is held back so that late packets still come in time; a pure rule, the
 * twin of `TargetDelay` in `parvis_audio/playout.py`.
 *
 * The relative delay of a packet is its arrival minus its timestamp, and minus what it holds over
 * 20 ms. The smallest of the last 30 s is what the network can do at its best (the base); the 95th
 * percentile of the distance from it, plus a margin, plus what packets hold over 20 ms, is what the
 * buffer must cover. Longer packets are announced: the target rises by then, and sinks slowly when
 * they become shorter again.
 */

/** What a packet of the program holds unless the audience is large. */
export const USUAL_PACKET_MS = 20;

export const FIRST_TARGET_MS = 120;
/** A wired LAN with a browser's own scheduling. */
export const MIN_TARGET_MS = 60;
export const MAX_TARGET_MS = 1000;
/** A hidden page is scheduled lazily: it needs a larger store. */
export const HIDDEN_TARGET_MS = 600;

const WINDOW_MS = 30_000;
const PERCENTILE = 0.95;
const MARGIN_MS = 20;
const RISE_ON_UNDERRUN_MS = 40;
/** The target falls fast while it is only the cautious first guess ... */
const SETTLING_MS = 30_000;
const SETTLING_FALL_MS_PER_S = 10;
/** ... and slowly afterwards. */
const FALL_MS_PER_S = 1;
/** The percentile is looked at once a second. */
const LOOK_EVERY_MS = 1000;
/** 30 s of packets of 10 ms; a flood does not grow the window. */
const MAX_DELAYS = 3000;

/** What a target begins with, and what it never leaves. */
export interface TargetBounds {
  firstMs: number;
  minMs: number;
  maxMs: number;
}

/** Of a listener. */
export const LISTENING: TargetBounds = {
  firstMs: FIRST_TARGET_MS,
  minMs: MIN_TARGET_MS,
  maxMs: MAX_TARGET_MS,
};
/** Of somebody in a conversation: a late answer is worse for them than a dropped syllable. */
export const SPEAKING: TargetBounds = { firstMs: 80, minMs: 40, maxMs: 400 };

export class TargetDelay {
  private bounds = LISTENING;
  private target = FIRST_TARGET_MS;
  private readonly arrivals = new Float64Array(MAX_DELAYS);
  private readonly delays = new Float64Array(MAX_DELAYS);
  private count = 0;
  private oldest = 0;
  private base = Number.POSITIVE_INFINITY;
  private startMs: number | null = null;
  private lookedMs = 0;
  private isSettling = true;
  private isHidden = false;
  /** What packets hold over the usual: as it was said, and at most as they came. */
  private announced = 0;
  private longest = 0;
  private longestNow = 0;
  /** How much of the target is for that. */
  private extra = 0;

  /** The delay to hold now. */
  get targetMs(): number {
    const target = Math.min(this.bounds.maxMs, this.target + this.extra);
    return this.isHidden ? Math.max(target, HIDDEN_TARGET_MS) : target;
  }

  /** Whether longer packets are announced that have not come yet. */
  get isExpecting(): boolean {
    return this.announced > Math.max(this.longest, this.longestNow);
  }

  /** Packets will hold so much: longer ones are waited for from now on. */
  announce(ptimeMs: number): void {
    this.announced = Math.max(0, ptimeMs - USUAL_PACKET_MS);
    this.extra = Math.max(this.extra, this.announced);
  }

  /** The relative delay of the fastest packet in the window; infinite before the first. */
  get baseMs(): number {
    return this.base;
  }

  /** One packet came; it holds `extraMs` over the usual, which `delayMs` leaves out. */
  note(delayMs: number, nowMs: number, extraMs = 0): void {
    this.longestNow = Math.max(this.longestNow, extraMs);
    this.extra = Math.max(this.extra, extraMs);
    if (this.startMs === null) {
      this.startMs = nowMs;
      this.lookedMs = nowMs;
    }
    this.store(delayMs, nowMs);
    this.base = Math.min(this.base, delayMs);
    if (nowMs - this.lookedMs >= LOOK_EVERY_MS) this.look(nowMs);
  }

  /** There was nothing to play: cover more from now on, at once. */
  ranDry(): void {
    this.isSettling = false;
    this.target = Math.min(this.bounds.maxMs, this.target + RISE_ON_UNDERRUN_MS);
  }

  setHidden(isHidden: boolean): void {
    this.isHidden = isHidden;
  }

  /** Begins anew between these bounds. */
  setBounds(bounds: TargetBounds): void {
    this.bounds = bounds;
    this.target = bounds.firstMs;
    this.startMs = null;
    this.isSettling = true;
    this.announced = this.longest = this.longestNow = this.extra = 0;
    this.restart();
  }

  /** Another line of timestamps: earlier delays say nothing about it. */
  restart(): void {
    this.count = 0;
    this.oldest = 0;
    this.base = Number.POSITIVE_INFINITY;
  }

  private store(delayMs: number, nowMs: number): void {
    while (this.count > 0 && nowMs - (this.arrivals[this.oldest] as number) > WINDOW_MS) {
      this.dropOldest();
    }
    if (this.count === MAX_DELAYS) this.dropOldest();
    const at = (this.oldest + this.count) % MAX_DELAYS;
    this.arrivals[at] = nowMs;
    this.delays[at] = delayMs;
    this.count += 1;
  }

  private dropOldest(): void {
    this.oldest = (this.oldest + 1) % MAX_DELAYS;
    this.count -= 1;
  }

  private look(nowMs: number): void {
    const elapsedS = (nowMs - this.lookedMs) / 1000;
    this.lookedMs = nowMs;
    const sorted = Float64Array.from({ length: this.count }, (_, i) => this.delayAt(i)).sort();
    this.base = sorted[0] ?? this.base;
    const late = sorted[Math.ceil(PERCENTILE * sorted.length) - 1] ?? this.base;
    this.approach(late - this.base + MARGIN_MS, elapsedS, nowMs);
  }

  private delayAt(index: number): number {
    return this.delays[(this.oldest + index) % MAX_DELAYS] as number;
  }

  private approach(neededMs: number, elapsedS: number, nowMs: number): void {
    if (nowMs - (this.startMs ?? nowMs) > SETTLING_MS) this.isSettling = false;
    const fall = elapsedS * (this.isSettling ? SETTLING_FALL_MS_PER_S : FALL_MS_PER_S);
    const { minMs, maxMs } = this.bounds;
    const wanted = Math.min(maxMs, Math.max(minMs, neededMs));
    this.target = Math.max(wanted, this.target - fall);
    this.followPackets(elapsedS);
  }

  /** Down to what packets hold by now; up it goes at once. */
  private followPackets(elapsedS: number): void {
    this.longest = this.longestNow;
    this.longestNow = 0;
    const wanted = Math.max(this.announced, this.longest);
    this.extra = Math.max(wanted, this.extra - SETTLING_FALL_MS_PER_S * elapsedS);
  }
}
