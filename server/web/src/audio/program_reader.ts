/**
 * From packets to decoded blocks on one line of time.
 *
 * Packets come over TCP and so in order; what can happen is a gap (the hub skipped ahead for us), a
 * repeat, another packet length (each is a stream of its own with the same timestamps, from the same
 * coder), or a hub that starts a new room clock. A packet that overlaps with what came is taken
 * apart: what is known is neither decoded nor heard again. Before the tap the newest packets are
 * only kept: on "listen" they are decoded at once, so that sound starts with a full buffer.
 */

import { OpusDecoder } from "opus-decoder";
import type { ToOutput } from "../room/worker_messages.ts";
import { opusFrames, opusSamples } from "../wire/opus_packet.ts";
import { isSameProgram, PROGRAM_PTIME_MS } from "../wire/packet_time.ts";
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
const NOTHING = new Float32Array(0);

interface Kept {
  /** Of the first sample that is new. */
  timestamp: number;
  /** How many are. */
  samples: number;
  /** Decoded one after the other. */
  payloads: Uint8Array[];
  arrivalMs: number;
}

export class ProgramReader {
  /** Settled once the decoder is compiled, or has failed. */
  ready: Promise<void> = Promise.resolve();
  private readonly decoder: OpusDecoder | null;
  private isReady = false;
  private isListening = false;
  private line = new Unwrapper(TIMESTAMP_BITS);
  /** Where the newest packet began, and where it ends. */
  private newest: number | null = null;
  private end = 0;
  private ptimeMs = PROGRAM_PTIME_MS;
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

  /** Packets will hold so much: the output waits for them before they come. */
  announce(ptimeMs: number): void {
    this.ptimeMs = ptimeMs;
    if (this.isListening) this.emit({ kind: "packet_length", ptimeMs });
  }

  /** Decodes from now on, beginning with what was kept. */
  start(): void {
    if (this.decoder === null) return this.onFailure("this browser has no WebAssembly");
    this.isListening = true;
    this.announce(this.ptimeMs);
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
    const kept = this.unknown(packet.payload, timestamp, arrivalMs);
    if (kept === null) return;
    this.newest = timestamp;
    this.ssrc = packet.ssrc;
    this.end = kept.timestamp + kept.samples;
    this.kept.push(kept);
    this.bound(kept.samples);
    this.drain();
  }

  /** What of a packet did not come before; null: nothing, or it is no Opus. */
  private unknown(payload: Uint8Array, timestamp: number, arrivalMs: number): Kept | null {
    const samples = opusSamples(payload);
    const known = this.newest === null ? 0 : Math.max(0, this.end - timestamp);
    if (samples <= known) return null;
    const frames = known === 0 ? [payload] : opusFrames(payload);
    const payloads = frames.slice(Math.floor((known * frames.length) / samples));
    if (payloads.length === 0) return null;
    return { timestamp: timestamp + known, samples: samples - known, payloads, arrivalMs };
  }

  /** Keeps as much as a first target needs: what the last packet holds comes on top. */
  private bound(newestSamples: number): void {
    const needed = KEPT_SAMPLES + newestSamples;
    while (this.kept[1] !== undefined && this.end - this.kept[1].timestamp >= needed) {
      this.kept.shift();
    }
  }

  /** Whether the hub began its clock anew. Streams of one mixer may lie back by what they hold. */
  private isNewLine(step: number, ssrc: number): boolean {
    const isKnown = this.ssrc !== null && isSameProgram(ssrc, this.ssrc);
    const hasTurnedBack = !isKnown && step < -MAX_TURN_BACK_SAMPLES;
    return hasTurnedBack || Math.abs(step) > MAX_JUMP_SAMPLES;
  }

  private drain(): void {
    if (!this.isListening || !this.isReady) return;
    for (const kept of this.kept) this.decode(kept);
    this.kept = [];
  }

  private decode({ timestamp, samples, payloads, arrivalMs }: Kept): void {
    const decoded = payloads.map((payload) => this.decoded(payload));
    const length = decoded.reduce((sum, part) => sum + part.length, 0);
    if (length < samples) return;
    const sentMs = this.nowMs();
    const sound = decoded.length === 1 ? (decoded[0] as Float32Array) : joined(decoded, length);
    // What is left of a frame that began before.
    const news = length === samples ? sound : sound.slice(length - samples);
    this.emit({ kind: "block", timestamp, samples: news, ageMs: sentMs - arrivalMs, sentMs });
  }

  private decoded(payload: Uint8Array): Float32Array {
    if (payload.length > MAX_PAYLOAD_BYTES) return NOTHING;
    return this.decoder?.decodeFrame(payload).channelData[0] ?? NOTHING;
  }
}

function joined(parts: Float32Array[], length: number): Float32Array {
  const whole = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
