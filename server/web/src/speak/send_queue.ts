/**
 * What waits for one connection: at most sixteen frames (160 ms), and then the oldest goes. Pure.
 *
 * The browser's own queue cannot be shortened, so it gets little: a packet goes over only while that
 * queue is nearly empty, and not at all while the connection has brought nothing for a while (the
 * return comes fifty times a second on each). Old speech is worthless.
 */

/** `hub drops uplink frames that are 300 ms late`: half of it. */
export const MAX_WAITING = 16;
/** Four packets of 10 ms at 40 kb/s, with their headers. */
const MAX_BUFFERED_BYTES = 320;
/** So long without a packet of the return, a connection is taken for stuck. */
export const STUCK_AFTER_MS = 400;

export class SendQueue {
  /** Packets that the network did not take in time. */
  dropped = 0;
  private waiting: Uint8Array[] = [];

  push(packet: Uint8Array): void {
    this.waiting.push(packet);
    if (this.waiting.length <= MAX_WAITING) return;
    this.waiting.shift();
    this.dropped += 1;
  }

  /** Sends what the connection takes now. */
  flush(send: (packet: Uint8Array) => void, bufferedBytes: () => number, silentMs: number): void {
    if (silentMs > STUCK_AFTER_MS) return;
    while (this.waiting.length > 0 && bufferedBytes() <= MAX_BUFFERED_BYTES) {
      send(this.waiting.shift() as Uint8Array);
    }
  }

  clear(): void {
    this.waiting = [];
  }
}
