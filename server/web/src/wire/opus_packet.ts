/**
 * What an Opus packet says of itself without being decoded: how long it is, and the frames in it
 * (RFC 6716 section 3). The hub puts several into one packet; here they come apart again.
 */

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

/** The frames of a packet, each as a packet of its own; none of one that is damaged. */
export function opusFrames(payload: Uint8Array): Uint8Array[] {
  const body = new Body(payload);
  const toc = body.byte();
  const lengths = body.lengths(toc & 3);
  const parts = lengths?.map((length) => body.take(length)) ?? [];
  if (!body.isWhole) return [];
  return parts.map((part) => Uint8Array.of(toc & ~3, ...part));
}

/** Reads a packet from its first byte on; what is not there makes it damaged. */
class Body {
  isWhole = true;
  private at = 0;
  private end: number;

  constructor(private readonly payload: Uint8Array) {
    this.end = payload.length;
  }

  byte(): number {
    const value = this.at < this.end ? this.payload[this.at] : undefined;
    this.at += 1;
    if (value === undefined) this.isWhole = false;
    return value ?? 0;
  }

  take(length: number): Uint8Array {
    if (this.at + length > this.end) this.isWhole = false;
    this.at += length;
    return this.payload.subarray(this.at - length, this.at);
  }

  /** How long each frame is (section 3.2.2 to 3.2.5). */
  lengths(code: number): number[] | null {
    if (code === 0) return this.equal(1);
    if (code === 1) return this.equal(2);
    if (code === 2) return this.told(2);
    const counts = this.byte();
    const count = counts & 0x3f;
    if (counts & 0x40) this.end -= this.padding();
    return counts & 0x80 ? this.told(count) : this.equal(count);
  }

  /** All of one length, which is what is left by their number. */
  private equal(count: number): number[] | null {
    const length = (this.end - this.at) / count;
    if (!Number.isInteger(length) || length < 0) this.isWhole = false;
    return this.isWhole ? Array<number>(count).fill(length) : null;
  }

  /** Each length is said but the last (section 3.2.1: one byte, or two from 252 on). */
  private told(count: number): number[] | null {
    const lengths: number[] = [];
    for (let n = 1; n < count; n++) {
      const first = this.byte();
      lengths.push(first < 252 ? first : first + 4 * this.byte());
    }
    const last = this.end - this.at - lengths.reduce((sum, length) => sum + length, 0);
    if (last < 0 || count === 0) this.isWhole = false;
    return this.isWhole ? [...lengths, last] : null;
  }

  /** 255 says: 254 bytes, and more follows. */
  private padding(): number {
    let length = 0;
    for (;;) {
      const more = this.byte();
      if (more < 255 || !this.isWhole) return length + more;
      length += 254;
    }
  }
}
