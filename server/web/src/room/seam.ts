/**
 * Where the sound of one connection can go on in another's: the packet that begins where the last
 * one ended. Pure.
 *
 * Both carry the same program on one line of timestamps, but perhaps in packets of another length, cut
 * elsewhere. Going over at a common edge leaves nothing out, and gives the decoder, whose state goes
 * on from packet to packet, nothing twice.
 */

import { BadPacket, parseRtp } from "../wire/rtp.ts";
import { add, isLater, TIMESTAMP_BITS } from "../wire/serial.ts";

/** Lengths of Opus frames by their configuration number, in 48 kHz samples (RFC 6716, table 2). */
const SILK_SAMPLES = [480, 960, 1920, 2880];
const HYBRID_SAMPLES = [480, 960];
const CELT_SAMPLES = [120, 240, 480, 960];

/** 120 ms: no Opus packet is longer. */
const MAX_SAMPLES = 5760;

/** How long an Opus packet is, in 48 kHz samples; 0 for one that is none (RFC 6716, 3.1). */
export function opusSamples(payload: Uint8Array): number {
  const [toc, count] = payload;
  if (toc === undefined) return 0;
  const samples = frameSamples(toc >> 3) * frames(toc & 3, count);
  return samples <= MAX_SAMPLES ? samples : 0;
}

function frameSamples(configuration: number): number {
  if (configuration < 12) return SILK_SAMPLES[configuration % 4] as number;
  if (configuration < 16) return HYBRID_SAMPLES[configuration % 2] as number;
  return CELT_SAMPLES[configuration % 4] as number;
}

function frames(code: number, count: number | undefined): number {
  if (code === 3) return (count ?? 0) & 0x3f;
  return code === 0 ? 1 : 2;
}

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
