/**
 * From packets to decoded blocks on one line of time.
 *
 * Packets come over TCP and so in order; what can happen is a gap (the hub skipped ahead for us), a
 * repeat, another packet length (each is a stream of its own with the same timestamps), or a hub
 * that starts a new room clock. Before the tap the newest packets are only kept: on "listen" they
 * are decoded at once, so that sound starts with a full buffer.
 */

import { OpusDecoder } from "opus-decoder";
import type { ToOutput } from "../room/worker_messages.ts";
import { BadPacket, parseRtp, type RtpPacket } from "../wire/rtp.ts";
import { TIMESTAMP_BITS, Unwrapper } from "../wire/serial.ts";

/** Sound kept for the tap: the first target of the playout buffer, 120 ms. */
const KEPT_SAMPLES = 5760;
/** A timestamp further from the last one than this is a new line of time, not a gap (10 s). */
const MAX_JUMP_SAMPLES = 480_000;
/** Further back than a new mixer can be on the same room clock (0.2 s). */
const MAX_TURN_BACK_SAMPLES = 9600;
/** `opus-decoder` copies into an input of 32 kB/s for 120 ms. */
const MAX_PAYLOAD_BYTES = 3840;

interface Kept {
  timestamp: number;
  payload: Uint8Array;
  arrivalMs: number;
}

export class ProgramReader {
  /** Settled once the decoder is compiled, or has failed. */
  ready: Promise<void> = Promise.resolve();
  private readonly decoder: OpusDecoder | null;
  private isReady = false;
  private isListening = false;
  private line = new Unwrapper(TIMESTAMP_BITS);
  private newest: number | null = null;
  private ssrc: number | null = null;
  private kept: Kept[] = [];

  constructor(
    private readonly emit: (message: ToOutput) => void,
    private readonly nowMs: () => number,
    private readonly onFailure: (text: string) => void,
  ) {
    this.decoder = this.createDecoder();
  }

  /** Reads one binary message; null when it is not a packet of ours. */
  read(bytes: Uint8Array, arrivalMs: number): RtpPacket | null {
    let packet: RtpPacket;
    try {
      packet = parseRtp(bytes);
    } catch (error) {
      if (error instanceof BadPacket) return null;
      throw error;
    }
    this.place(packet, arrivalMs);
    return packet;
  }

  /** Decodes from now on, beginning with what was kept. */
  start(): void {
    if (this.decoder === null) return this.onFailure("this browser has no WebAssembly");
    this.isListening = true;
    this.drain();
  }

  stop(): void {
    this.isListening = false;
    this.kept = [];
  }

  private createDecoder(): OpusDecoder | null {
    if (typeof WebAssembly !== "object") return null;
    const decoder = new OpusDecoder({ channels: 1 });
    this.ready = decoder.ready.then(
      () => {
        this.isReady = true;
        this.drain();
      },
      (error: unknown) => this.onFailure(String(error)),
    );
    return decoder;
  }

  private place(packet: RtpPacket, arrivalMs: number): void {
    let timestamp = this.line.unwrap(packet.timestamp);
    if (this.isNewLine(timestamp - (this.newest ?? timestamp), packet.ssrc)) {
      this.line = new Unwrapper(TIMESTAMP_BITS);
      timestamp = this.line.unwrap(packet.timestamp);
      this.kept = [];
      this.newest = null;
      this.emit({ kind: "restart" });
    }
    if (this.newest !== null && timestamp <= this.newest) return;
    this.newest = timestamp;
    this.ssrc = packet.ssrc;
    this.kept.push({ timestamp, payload: packet.payload, arrivalMs });
    while (timestamp - (this.kept[0] as Kept).timestamp > KEPT_SAMPLES) this.kept.shift();
    this.drain();
  }

  /** Whether the hub began its clock anew. Other streams of one clock may lie a little back. */
  private isNewLine(step: number, ssrc: number): boolean {
    const hasTurnedBack = ssrc !== this.ssrc && step < -MAX_TURN_BACK_SAMPLES;
    return hasTurnedBack || Math.abs(step) > MAX_JUMP_SAMPLES;
  }

  private drain(): void {
    if (!this.isListening || !this.isReady) return;
    for (const kept of this.kept) this.decode(kept);
    this.kept = [];
  }

  private decode({ timestamp, payload, arrivalMs }: Kept): void {
    if (payload.length > MAX_PAYLOAD_BYTES) return;
    const decoded = this.decoder?.decodeFrame(payload);
    const samples = decoded?.channelData[0];
    if (samples === undefined || samples.length === 0) return;
    const sentMs = this.nowMs();
    this.emit({ kind: "block", timestamp, samples, ageMs: sentMs - arrivalMs, sentMs });
  }
}
