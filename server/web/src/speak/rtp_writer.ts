/** RTP packets as they leave; the writing half of `parvis_wire/rtp.py`. */

import { PAYLOAD_TYPE_OPUS, type RtpPacket } from "../wire/rtp.ts";

const ONE_BYTE_PROFILE = 0xbede;

/** One packet as the bytes of a binary message. */
export function serializeRtp(packet: RtpPacket): Uint8Array {
  const { csrcs, payload } = packet;
  const extension = extensionOf(packet);
  const message = new Uint8Array(12 + 4 * csrcs.length + extension.length + payload.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, 0x80 | (extension.length > 0 ? 0x10 : 0) | csrcs.length);
  view.setUint8(1, (packet.marker ? 0x80 : 0) | PAYLOAD_TYPE_OPUS);
  view.setUint16(2, packet.sequence);
  view.setUint32(4, packet.timestamp);
  view.setUint32(8, packet.ssrc);
  csrcs.forEach((csrc, index) => {
    view.setUint32(12 + 4 * index, csrc);
  });
  message.set(extension, 12 + 4 * csrcs.length);
  message.set(payload, message.length - payload.length);
  return message;
}

/** RFC 8285, one-byte form; nothing where there is nothing to say. */
function extensionOf({ level, flags, csrcLevels }: RtpPacket): Uint8Array {
  const elements: number[] = [];
  if (level !== null) elements.push(0x10, (level.voice ? 0x80 : 0) | -level.level_dbov);
  if (flags !== 0) elements.push(0x20, flags);
  if (csrcLevels.length > 0) {
    elements.push(0x30 | (csrcLevels.length - 1), ...csrcLevels.map((one) => -one));
  }
  if (elements.length === 0) return new Uint8Array(0);
  const words = Math.ceil(elements.length / 4);
  const extension = new Uint8Array(4 + 4 * words);
  const view = new DataView(extension.buffer);
  view.setUint16(0, ONE_BYTE_PROFILE);
  view.setUint16(2, words);
  extension.set(elements, 4);
  return extension;
}
