/** From encoded frames to packets: numbers, timestamps, marks and levels; pure. */

import { add, SEQUENCE_BITS, TIMESTAMP_BITS } from "../wire/serial.ts";
import { serializeRtp } from "./rtp_writer.ts";

/** `parvis_wire.rtp.TalkFlags`. */
export const FIRST = 1;
export const LAST = 2;

/** Louder than a quiet room: only a hint for meters, the hub hears for itself. */
const VOICE_DBFS = -45;

/** One frame on its way through the encoder. */
export interface Meta {
  firstSample: number;
  levelDb: number;
  flags: number;
}

export class Packetizer {
  /** Where numbering starts is drawn by the caller (RFC 3550 section 5.1). */
  constructor(
    private sequence: number,
    private readonly timestampOrigin: number,
  ) {}

  /** The RTP timestamp of a sample of the microphone's count. */
  timestamp(sample: number): number {
    return add(this.timestampOrigin, sample, TIMESTAMP_BITS);
  }

  packet(payload: Uint8Array, ssrc: number, meta: Meta): Uint8Array {
    const level_dbov = 0 - Math.min(127, Math.max(0, Math.round(-meta.levelDb)));
    const message = serializeRtp({
      sequence: this.sequence,
      timestamp: this.timestamp(meta.firstSample),
      ssrc,
      payload,
      marker: (meta.flags & FIRST) !== 0,
      csrcs: [],
      level: { level_dbov, voice: meta.levelDb > VOICE_DBFS },
      flags: meta.flags,
      csrcLevels: [],
    });
    this.sequence = add(this.sequence, 1, SEQUENCE_BITS);
    return message;
  }
}
