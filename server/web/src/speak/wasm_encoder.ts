/**
 * libopus in WebAssembly (`@evan/opus`), for browsers without an encoder of their own; its 331 kB are
 * fetched only when it is opened.
 */

import wasmUrl from "@evan/opus/wasm/opus.wasm?url";
import { BITRATE_BPS, COMPLEXITY, type Encoder, type OnPacket } from "./encoders.ts";
import { FRAME_SAMPLES } from "./framer.ts";
import { RATE_HZ } from "./resampler.ts";

/** What the module exports of libopus, and its memory. */
interface Opus {
  memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(bytes: number): number;
  free(pointer: number): void;
  opus_encoder_get_size(channels: number): number;
  opus_encoder_init(state: number, rate: number, channels: number, application: number): number;
  opus_encoder_ctl_set(state: number, request: number, value: number): number;
  opus_encode(state: number, pcm: number, samples: number, to: number, bytes: number): number;
}

/** `opus_defines.h`. */
const APPLICATION_VOIP = 2048;
const SET_BITRATE = 4002;
const SET_COMPLEXITY = 4010;
const SET_SIGNAL = 4024;
const SIGNAL_VOICE = 3001;

/** RFC 6716 section 3.4: no packet of one frame is longer. */
const MAX_PACKET_BYTES = 1276;

let bytes: Promise<ArrayBuffer> | null = null;

/** The module's bytes, fetched once. */
function fetchModule(): Promise<ArrayBuffer> {
  bytes ??= fetch(wasmUrl).then((response) => {
    if (!response.ok) throw new Error(`the encoder cannot be had: ${response.status}`);
    return response.arrayBuffer();
  });
  bytes.catch(() => {
    bytes = null;
  });
  return bytes;
}

export async function openWasmEncoder(onPacket: OnPacket): Promise<Encoder> {
  return encoderOf(await fetchModule(), onPacket);
}

/** An encoder in a memory of its own, from the module's bytes. */
export async function encoderOf(module: ArrayBuffer, onPacket: OnPacket): Promise<Encoder> {
  const nothing = () => 0;
  const { instance } = await WebAssembly.instantiate(module, {
    env: { emscripten_notify_memory_growth: nothing },
    wasi_snapshot_preview1: {
      proc_exit: nothing,
      fd_close: nothing,
      fd_write: nothing,
      fd_seek: nothing,
    },
  });
  const opus = instance.exports as unknown as Opus;
  opus._initialize();
  const state = opus.malloc(opus.opus_encoder_get_size(1));
  check(opus.opus_encoder_init(state, RATE_HZ, 1, APPLICATION_VOIP));
  check(opus.opus_encoder_ctl_set(state, SET_BITRATE, BITRATE_BPS));
  check(opus.opus_encoder_ctl_set(state, SET_COMPLEXITY, COMPLEXITY));
  check(opus.opus_encoder_ctl_set(state, SET_SIGNAL, SIGNAL_VOICE));
  const pcm = opus.malloc(2 * FRAME_SAMPLES);
  const packet = opus.malloc(MAX_PACKET_BYTES);
  return {
    kind: "wasm",
    encode: (samples) => {
      // Looked up each time: memory that grew is another buffer.
      toInt16(samples, new Int16Array(opus.memory.buffer, pcm, FRAME_SAMPLES));
      const length = check(opus.opus_encode(state, pcm, FRAME_SAMPLES, packet, MAX_PACKET_BYTES));
      onPacket(new Uint8Array(opus.memory.buffer, packet, length).slice());
    },
    flush: () => Promise.resolve(),
    close: () => {
      for (const pointer of [state, pcm, packet]) opus.free(pointer);
    },
  };
}

function toInt16(samples: Float32Array, into: Int16Array): void {
  for (let i = 0; i < into.length; i++) {
    const sample = Math.round((samples[i] ?? 0) * 32_768);
    into[i] = Math.max(-32_768, Math.min(32_767, sample));
  }
}

function check(answer: number): number {
  if (answer < 0) throw new Error(`libopus says ${answer}`);
  return answer;
}
