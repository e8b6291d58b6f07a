/**
 * Opus encoders: the browser's own where it proves itself, else libopus in WebAssembly.
 *
 * Some browsers have an encoder that says it can do Opus and then gives silence, another frame
 * length, or nothing. So each one encodes a canned tone first, and what our own decoder makes of it
 * is compared with what went in.
 */

import { OpusDecoder } from "opus-decoder";
import { FRAME_MS, FRAME_SAMPLES, levelDbfs } from "./framer.ts";
import { RATE_HZ } from "./resampler.ts";
import { openWasmEncoder } from "./wasm_encoder.ts";

/** Packets of 10 ms sound at 40 kb/s as those of 20 ms did at 32 (PESQ-WB and STOI, docs/decisions.md). */
export const BITRATE_BPS = 40_000;
/** Of 10: what the hub's own voice encoders use. */
export const COMPLEXITY = 5;

/** Takes 10 ms of 48 kHz, gives one packet for each, in order, perhaps a little later. */
export interface Encoder {
  readonly kind: "webcodecs" | "wasm";
  encode(samples: Float32Array): void;
  /** Everything that is on its way comes out first. */
  flush(): Promise<void>;
  close(): void;
}

export type OnPacket = (payload: Uint8Array) => void;
export type OnFailure = (text: string) => void;

/** A way to an encoder; rejects where there is none. */
export type OpenEncoder = (onPacket: OnPacket, onFailure: OnFailure) => Promise<Encoder>;

const CONFIG = {
  codec: "opus",
  sampleRate: RATE_HZ,
  numberOfChannels: 1,
  bitrate: BITRATE_BPS,
  opus: { frameDuration: FRAME_MS * 1000, application: "voip", complexity: COMPLEXITY },
} as const;

/** The browser's own. */
export const openWebCodecs: OpenEncoder = async (onPacket, onFailure) => {
  const { supported } = await AudioEncoder.isConfigSupported(CONFIG as AudioEncoderConfig);
  if (!supported) throw new Error("this browser does not encode Opus");
  let frames = 0;
  const encoder = new AudioEncoder({
    output: (chunk) => {
      const payload = new Uint8Array(chunk.byteLength);
      chunk.copyTo(payload);
      onPacket(payload);
    },
    error: (error) => onFailure(String(error)),
  });
  encoder.configure(CONFIG as AudioEncoderConfig);
  return {
    kind: "webcodecs",
    encode: (samples) => {
      const sound = new AudioData({
        format: "f32-planar",
        sampleRate: RATE_HZ,
        numberOfFrames: samples.length,
        numberOfChannels: 1,
        timestamp: frames * FRAME_MS * 1000,
        data: samples as Float32Array<ArrayBuffer>,
      });
      frames += 1;
      encoder.encode(sound);
      sound.close();
    },
    flush: () => encoder.flush(),
    close: () => encoder.close(),
  };
};

/** A steady tone, a third of full scale: -12.5 dBFS. */
const TONE_HZ = 440;
const TONE_FRAMES = 20;
/** The first frames hold the codec's own run-up. */
const RUN_UP_FRAMES = 8;
const MAX_ERROR_DB = 3;
const PROOF_WITHIN_MS = 2000;

/** One of these frames, numbered from 0. */
export function toneFrame(number: number): Float32Array {
  const first = number * FRAME_SAMPLES;
  return Float32Array.from(
    { length: FRAME_SAMPLES },
    (_, i) => Math.sin((2 * Math.PI * TONE_HZ * (first + i)) / RATE_HZ) / 3,
  );
}

/**
 * What is wrong with the packets of the canned tone; null: nothing. `decode` gives the samples of one
 * packet.
 */
export function faultOf(
  packets: readonly Uint8Array[],
  decode: (payload: Uint8Array) => Float32Array,
): string | null {
  // A flush may bring one more, with what the encoder still held back.
  if (packets.length !== TONE_FRAMES && packets.length !== TONE_FRAMES + 1) {
    return `${packets.length} packets of ${TONE_FRAMES} frames`;
  }
  const frames = packets.slice(0, TONE_FRAMES).map(decode);
  const odd = frames.find((samples) => samples.length !== FRAME_SAMPLES);
  if (odd !== undefined) return `a packet of ${odd.length} samples`;
  const expectedDb = levelDbfs(toneFrame(0));
  for (const samples of frames.slice(RUN_UP_FRAMES)) {
    const total = levelDbfs(samples);
    if (Math.abs(total - expectedDb) > MAX_ERROR_DB) return `${total.toFixed(0)} dBFS came back`;
    const tone = toneLevelDb(samples);
    if (Math.abs(tone - total) > MAX_ERROR_DB) return "something else than the tone came back";
  }
  return null;
}

/** The level of the canned tone within a frame (Goertzel's sum, whatever its phase). */
function toneLevelDb(samples: Float32Array): number {
  let real = 0;
  let imaginary = 0;
  samples.forEach((sample, i) => {
    const angle = (2 * Math.PI * TONE_HZ * i) / RATE_HZ;
    real += sample * Math.cos(angle);
    imaginary += sample * Math.sin(angle);
  });
  const amplitude = (2 * Math.hypot(real, imaginary)) / samples.length;
  return 20 * Math.log10(amplitude / Math.SQRT2 + 1e-9);
}

/** Throws what is wrong with this way to an encoder. */
export async function prove(open: OpenEncoder, withinMs = PROOF_WITHIN_MS): Promise<void> {
  const packets: Uint8Array[] = [];
  let failure: string | null = null;
  const encoder = await open(
    (payload) => packets.push(payload),
    (text) => {
      failure = text;
    },
  );
  try {
    for (let number = 0; number < TONE_FRAMES; number++) encoder.encode(toneFrame(number));
    await within(withinMs, encoder.flush());
  } finally {
    encoder.close();
  }
  const fault = failure ?? (await decodedFault(packets));
  if (fault !== null) throw new Error(fault);
}

async function decodedFault(packets: readonly Uint8Array[]): Promise<string | null> {
  const decoder = new OpusDecoder({ channels: 1 });
  await decoder.ready;
  const fault = faultOf(
    packets,
    (payload) => decoder.decodeFrame(payload).channelData[0] ?? new Float32Array(0),
  );
  decoder.free();
  return fault;
}

function within(ms: number, done: Promise<void>): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error("nothing came back")), ms);
  });
  return Promise.race([done, late]);
}

/**
 * The first way that proves itself, opened; rejects when none does. `tried` gets what was wrong with
 * those before.
 */
export async function chooseEncoder(
  ways: readonly OpenEncoder[],
  onPacket: OnPacket,
  onFailure: OnFailure,
  tried: (text: string) => void,
): Promise<Encoder> {
  for (const open of ways) {
    try {
      await prove(open);
      return await open(onPacket, onFailure);
    } catch (error) {
      tried(String(error));
    }
  }
  throw new Error("nothing here encodes Opus");
}

/** The ways of this browser, the best first. */
export function waysHere(hasWebCodecs: boolean): OpenEncoder[] {
  return hasWebCodecs ? [openWebCodecs, openWasmEncoder] : [openWasmEncoder];
}
