/**
 * The hub's clock, from exchanges of four time stamps (RFC 5905), and the moment a sample was
 * captured; pure. Nanoseconds are whole numbers, as the contract has them.
 */

import { add, distance, TIMESTAMP_BITS } from "../wire/serial.ts";

const NS_PER_MS = 1_000_000;
const FIRST_EXCHANGES = 8;
const FIRST_EVERY_MS = 50;
const EVERY_MS = 1000;
/** The quickest of so many exchanges is the truest. */
const KEPT = 8;
/** A capture clock that runs away from ours is followed within this. */
const WINDOW_MS = 5000;

export interface ClockReading {
  /** Add to a time of ours to get the hub's. */
  offsetNs: number;
  rttMs: number;
}

export class HubClock {
  private readings: ClockReading[] = [];
  private asked = 0;
  private askedMs = Number.NEGATIVE_INFINITY;

  /** The best of the last exchanges. */
  get reading(): ClockReading | null {
    return this.readings.reduce<ClockReading | null>(
      (best, one) => (best === null || one.rttMs < best.rttMs ? one : best),
      null,
    );
  }

  /** The request to send now, if it is time for one. */
  request(nowMs: number): { type: "time_request"; client_ns: number } | null {
    const every = this.asked < FIRST_EXCHANGES ? FIRST_EVERY_MS : EVERY_MS;
    if (nowMs - this.askedMs < every) return null;
    this.asked += 1;
    this.askedMs = nowMs;
    return { type: "time_request", client_ns: Math.round(nowMs * NS_PER_MS) };
  }

  answered(
    reply: { client_ns: number; received_ns: number; sent_ns: number },
    nowMs: number,
  ): void {
    const nowNs = nowMs * NS_PER_MS;
    const { client_ns, received_ns, sent_ns } = reply;
    const rttNs = nowNs - client_ns - (sent_ns - received_ns);
    if (rttNs < 0) return;
    const offsetNs = (received_ns - client_ns + (sent_ns - nowNs)) / 2;
    this.readings = [...this.readings, { offsetNs, rttMs: rttNs / NS_PER_MS }].slice(-KEPT);
  }

  /** Another connection, perhaps to a hub that was started again. */
  restart(): void {
    this.readings = [];
    this.asked = 0;
    this.askedMs = Number.NEGATIVE_INFINITY;
  }
}

/** When a sample of the microphone was captured, on our clock: the least delay of its frames. */
export class CaptureClock {
  private leastMs = Number.POSITIVE_INFINITY;
  private leastBefore = Number.POSITIVE_INFINITY;
  private windowEndMs = Number.NEGATIVE_INFINITY;

  /** A frame that ends with this sample came now. */
  arrived(endSample: number, nowMs: number): void {
    if (nowMs > this.windowEndMs) {
      this.leastBefore = this.leastMs;
      this.leastMs = Number.POSITIVE_INFINITY;
      this.windowEndMs = nowMs + WINDOW_MS;
    }
    this.leastMs = Math.min(this.leastMs, nowMs - endSample / 48);
  }

  /** Null before the first frame. */
  capturedMs(sample: number): number | null {
    const least = Math.min(this.leastMs, this.leastBefore);
    return Number.isFinite(least) ? least + sample / 48 : null;
  }
}

/** How long after its moment on the room clock a sample leaves the output, both in the hub's time. */
export function playedDelayMs(
  sampleClock: number,
  playedNs: number,
  time: { room_clock: number; hub_ns: number },
): number {
  const since = distance(
    add(time.room_clock, 0, TIMESTAMP_BITS),
    add(Math.round(sampleClock), 0, TIMESTAMP_BITS),
    TIMESTAMP_BITS,
  );
  return (playedNs - time.hub_ns) / NS_PER_MS - since / 48;
}
