/**
 * The last step to the ear, which the phones' lock screens make differ.
 *
 * - iOS: through a MediaStream into an `<audio>` element, which keeps playing when locked and obeys
 *   neither the silent switch nor the ringer's volume.
 * - Android: to the destination, beside a quiet looping `<audio>` that holds the media session, so
 *   that the lock screen shows controls.
 * - Elsewhere: to the destination.
 */

import type { PhoneKind } from "./platform.ts";

/** Where the graph ends; `close` ends what was started for it. */
export interface Sink {
  input: AudioNode;
  close(): void;
}

/** Builds the sink; called inside the tap's handler, before anything is awaited. */
export function openSink(context: AudioContext, phone: PhoneKind): Sink {
  if (phone === "ios" && "createMediaStreamDestination" in context) return streamSink(context);
  if (phone === "android") return sessionSink(context);
  return { input: context.destination, close: () => {} };
}

function streamSink(context: AudioContext): Sink {
  const destination = context.createMediaStreamDestination();
  const audio = new Audio();
  audio.srcObject = destination.stream;
  // Refused only without a gesture; then the context does not run either, and the page says so.
  audio.play().catch(() => {});
  return {
    input: destination,
    close: () => {
      audio.pause();
      audio.srcObject = null;
    },
  };
}

function sessionSink(context: AudioContext): Sink {
  const url = URL.createObjectURL(new Blob([quietWav()], { type: "audio/wav" }));
  const audio = new Audio(url);
  audio.loop = true;
  audio.play().catch(() => {});
  return {
    input: context.destination,
    close: () => {
      audio.pause();
      audio.removeAttribute("src");
      URL.revokeObjectURL(url);
    },
  };
}

/** Android shows controls for media of five seconds and more. */
const QUIET_S = 6;
/** Another rate would make some browsers run the whole context at it. */
const QUIET_RATE_HZ = 48_000;

/** Six seconds of noise of the smallest amplitude, as a WAV file. */
export function quietWav(): ArrayBuffer {
  const samples = QUIET_S * QUIET_RATE_HZ;
  const file = new DataView(new ArrayBuffer(44 + 2 * samples));
  const text = (at: number, word: string) =>
    [...word].forEach((letter, i) => {
      file.setUint8(at + i, letter.charCodeAt(0));
    });
  text(0, "RIFF");
  file.setUint32(4, 36 + 2 * samples, true);
  text(8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); // PCM
  file.setUint16(22, 1, true); // mono
  file.setUint32(24, QUIET_RATE_HZ, true);
  file.setUint32(28, 2 * QUIET_RATE_HZ, true);
  file.setUint16(32, 2, true);
  file.setUint16(34, 16, true);
  text(36, "data");
  file.setUint32(40, 2 * samples, true);
  for (let i = 0; i < samples; i++) file.setInt16(44 + 2 * i, (i * 7) % 3 === 0 ? 1 : 0, true);
  return file.buffer as ArrayBuffer;
}
