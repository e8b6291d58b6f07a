/**
 * Where the sound of one connection can go on in another's: the packet that begins where the last
 * one ended. Pure.
 *
 * Both carry the same program on one line of timestamps, but perhaps in packets of another length, cut
 * elsewhere. Going over at a common edge leaves nothing out, and gives the decoder, whose state goes
 * on from packet to packet, nothing twice.
 */

import { opusSamples } from "../wire/opus_packet.ts";
import { BadPacket, parseRtp } from "../wire/rtp.ts";
import { add, isLater, TIMESTAMP_BITS } from "../wire/serial.ts";

export class Seam {
  /** Where the sound that was passed on ends; null: there was none yet. */
  private endsAt: number | null = null;
  private begins: number[] = [];
  /** Whether any packet came on the new one. */
  hasNew = false;

  /** A packet of the old connection was passed on. */
  passed(bytes: Uint8Array): void {
    const packet = read(bytes);
    if (packet === null) return;
    const endsAt = add(packet.timestamp, packet.samples, TIMESTAMP_BITS);
    this.endsAt = endsAt;
    this.begins = this.begins.filter((at) => !isLater(endsAt, at, TIMESTAMP_BITS));
  }

  /** A packet came on the new one. */
  came(bytes: Uint8Array): void {
    const packet = read(bytes);
    if (packet === null) return;
    this.hasNew = true;
    if (!this.isBehind(packet.timestamp)) this.begins.push(packet.timestamp);
  }

  /** Whether a packet of the new one adds to what was passed on of the old one. */
  isNews(bytes: Uint8Array): boolean {
    const packet = read(bytes);
    return packet !== null && !this.isBehind(packet.timestamp);
  }

  /** Whether the new one goes on exactly where the old one stands. */
  get isExact(): boolean {
    return this.endsAt !== null && this.begins.includes(this.endsAt);
  }

  private isBehind(timestamp: number): boolean {
    return this.endsAt !== null && isLater(this.endsAt, timestamp, TIMESTAMP_BITS);
  }
}

function read(bytes: Uint8Array): { timestamp: number; samples: number } | null {
  try {
    const { timestamp, payload } = parseRtp(bytes);
    return { timestamp, samples: opusSamples(payload) };
  } catch (error) {
    if (error instanceof BadPacket) return null;
    throw error;
  }
}
