/**
 * The microphone's end in a worker, where the browser hands over a track's own sound (Chromium's
 * `MediaStreamTrackProcessor`): it comes 50 ms earlier than through Web Audio.
 */

import { type FromMicrophone, MicrophoneTap, type ToMicrophone } from "./microphone_tap.ts";
import { TrackLine } from "./track_line.ts";

export type ToMicrophoneWorker = ToMicrophone | { kind: "read"; sound: ReadableStream<AudioData> };

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToMicrophoneWorker>) => void) | null;
  postMessage(message: FromMicrophone): void;
}

const scope = self as unknown as WorkerScope;

let tap: MicrophoneTap | null = null;
let rate = 0;
/** Said before the first sound came. */
const early: ToMicrophone[] = [];
const line = new TrackLine();

async function read(sound: ReadableStream<AudioData>): Promise<void> {
  const reader = sound.getReader();
  while (tap?.isOpen ?? true) {
    const { done, value } = await reader.read();
    if (done || !take(value)) return scope.postMessage({ kind: "lost" });
  }
  await reader.cancel();
}

/** False: it became another microphone's sound, which is opened anew. */
function take(sound: AudioData): boolean {
  const { sampleRate, numberOfFrames, timestamp } = sound;
  tap ??= tapAt(sampleRate);
  const samples = new Float32Array(numberOfFrames);
  sound.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
  sound.close();
  if (sampleRate !== rate) return false;
  const missing = line.missing(timestamp, numberOfFrames, rate);
  if (missing > 0) tap.push(new Float32Array(missing));
  tap.push(samples);
  return true;
}

function tapAt(sampleRate: number): MicrophoneTap {
  rate = sampleRate;
  const opened = new MicrophoneTap(rate, (message) => scope.postMessage(message));
  for (const message of early.splice(0)) opened.told(message);
  return opened;
}

scope.onmessage = ({ data }) => {
  if (data.kind === "read") void read(data.sound);
  else if (tap === null) early.push(data);
  else tap.told(data);
};
