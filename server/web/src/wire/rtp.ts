/**
 * RTP packets as they arrive in binary messages; the reading half of `parvis_wire/rtp.py`.
 *
 * Header RFC 3550 section 5.1, payload RFC 7587, header extensions RFC 8285 (one-byte form):
 * id 1 = audio level (RFC 6464), id 2 = talk flags, id 3 = levels of the contributing sources
 * (RFC 6465).
 */

export const PAYLOAD_TYPE_OPUS = 111;
export const CLOCK_RATE_HZ = 48_000;

/** Largest packet accepted: twice 120 ms of Opus at 128 kb/s. */
export const MAX_PACKET_BYTES = 4096;

const FIXED_BYTES = 12;
const EXTENSION_HEADER_BYTES = 4;
const ONE_BYTE_PROFILE = 0xbede;
const EXTENSION_AUDIO_LEVEL = 1;
const EXTENSION_TALK_FLAGS = 2;
const EXTENSION_CSRC_LEVELS = 3;
const KNOWN_TALK_FLAGS = 3;

/** A binary message that is not a well-formed RTP packet within our limits. */
export class BadPacket extends Error {}

/** Level of the packet's own sound, 0 (overload) to -127 dBov (silence). */
export interface AudioLevel {
  level_dbov: number;
  voice: boolean;
}

/** One Opus packet and its RTP header. */
export interface RtpPacket {
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Uint8Array;
  marker: boolean;
  /** Sources that contribute to a mix, loudest first. */
  csrcs: number[];
  level: AudioLevel | null;
  flags: number;
  /** dBov of each contributing source, in the order of `csrcs`; empty when not known. */
  csrcLevels: number[];
}

/** Reads one binary message; unknown extensions are skipped as RFC 8285 asks. */
export function parseRtp(message: Uint8Array): RtpPacket {
  const view = fixedHeader(message);
  const count = view.getUint8(0) & 0x0f;
  const csrcs = Array.from({ length: count }, (_, i) => view.getUint32(FIXED_BYTES + 4 * i));
  let offset = FIXED_BYTES + 4 * count;
  let elements = new Map<number, Uint8Array>();
  if (view.getUint8(0) & 0x10) [elements, offset] = extensions(message, view, offset);
  const payload = stripPadding(message.subarray(offset), (view.getUint8(0) & 0x20) !== 0);
  if (payload.length === 0) throw new BadPacket("packet without a payload");
  return {
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    payload,
    marker: (view.getUint8(1) & 0x80) !== 0,
    csrcs,
    level: audioLevel(elements.get(EXTENSION_AUDIO_LEVEL)),
    flags: (elements.get(EXTENSION_TALK_FLAGS)?.[0] ?? 0) & KNOWN_TALK_FLAGS,
    csrcLevels: csrcLevels(elements.get(EXTENSION_CSRC_LEVELS), count),
  };
}

/** A view on the message, once its fixed header and its list of sources are known to be whole. */
function fixedHeader(message: Uint8Array): DataView {
  if (message.length > MAX_PACKET_BYTES) throw new BadPacket(`packet of ${message.length} bytes`);
  if (message.length < FIXED_BYTES) throw new BadPacket("header is truncated");
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const version = view.getUint8(0) >> 6;
  if (version !== 2) throw new BadPacket(`RTP version ${version}, expected 2`);
  const payloadType = view.getUint8(1) & 0x7f;
  if (payloadType !== PAYLOAD_TYPE_OPUS) throw new BadPacket(`payload type ${payloadType}`);
  if (message.length < FIXED_BYTES + 4 * (view.getUint8(0) & 0x0f)) {
    throw new BadPacket("contributing sources are truncated");
  }
  return view;
}

/** Elements by id, and where the payload starts. Other profiles than one-byte are skipped. */
function extensions(
  message: Uint8Array,
  view: DataView,
  offset: number,
): [Map<number, Uint8Array>, number] {
  const start = offset + EXTENSION_HEADER_BYTES;
  if (message.length < start) throw new BadPacket("header extension is truncated");
  const end = start + 4 * view.getUint16(offset + 2);
  if (message.length < end) throw new BadPacket("header extension ends after the packet");
  const isOneByte = view.getUint16(offset) === ONE_BYTE_PROFILE;
  return [isOneByte ? oneByteElements(message.subarray(start, end)) : new Map(), end];
}

function oneByteElements(block: Uint8Array): Map<number, Uint8Array> {
  const elements = new Map<number, Uint8Array>();
  let at = 0;
  while (at < block.length) {
    const octet = block[at] as number;
    const identifier = octet >> 4;
    if (identifier === 15) break; // reserved: stop reading (RFC 8285 section 4.2)
    if (identifier === 0) {
      at += 1; // padding is one byte, whatever its low bits say
      continue;
    }
    const end = at + 2 + (octet & 0x0f);
    if (end > block.length) throw new BadPacket(`extension element ${identifier} is truncated`);
    elements.set(identifier, block.subarray(at + 1, end));
    at = end;
  }
  return elements;
}

function stripPadding(payload: Uint8Array, padded: boolean): Uint8Array {
  if (!padded) return payload;
  const padding = payload[payload.length - 1] ?? 0;
  if (padding < 1 || padding > payload.length) throw new BadPacket("padding exceeds the packet");
  return payload.subarray(0, payload.length - padding);
}

function audioLevel(element: Uint8Array | undefined): AudioLevel | null {
  if (element === undefined) return null;
  const octet = element[0] as number;
  return { level_dbov: negative(octet), voice: (octet & 0x80) !== 0 };
}

/** One level for each contributing source; a list of another length says nothing. */
function csrcLevels(element: Uint8Array | undefined, count: number): number[] {
  if (element === undefined || element.length !== count) return [];
  return Array.from(element, negative);
}

/** RFC 6464 sends -dBov in seven bits. (`0 - x` keeps zero from becoming minus zero.) */
function negative(octet: number): number {
  return 0 - (octet & 0x7f);
}
