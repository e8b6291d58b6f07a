/**
 * The private test of a microphone: is there echo, and how do I sound. Nothing of it leaves the
 * phone: frames come here, are kept for seconds, and are played to their owner.
 */

import { audioContextClass, phoneKind } from "../audio/platform.ts";
import { openSink, type Sink } from "../audio/sinks.ts";
import { ECHO_TEST_MS, echoReturnDb, echoSignal, HEADPHONES_ABOVE_DB } from "./echo_test.ts";
import { RATE_HZ } from "./resampler.ts";

export type CheckState =
  | "echo"
  /** The level moves; nothing is kept. */
  | "listening"
  | "recording"
  | "playing";

/** What the test found out so far. */
export interface CheckFindings {
  state: CheckState;
  /** Whether headphones are advised; null: not known yet. */
  wantsHeadphones: boolean | null;
  hasRecording: boolean;
}

export const RECORD_MS = 3000;

export class MicCheck {
  private readonly context: AudioContext;
  private readonly sink: Sink;
  private kept: Float32Array[] = [];
  private isKeeping = false;
  private source: AudioBufferSourceNode | null = null;
  private timer = 0;
  private findings: CheckFindings = {
    state: "echo",
    wantsHeadphones: null,
    hasRecording: false,
  };

  constructor(private readonly tell: (findings: CheckFindings) => void) {
    const Context = audioContextClass(window) as typeof AudioContext;
    this.context = new Context();
    this.sink = openSink(this.context, phoneKind(navigator));
    this.context.resume().catch(() => {});
    this.lookForEcho();
  }

  /** One frame of the microphone. */
  take(samples: Float32Array): void {
    if (this.isKeeping) this.kept.push(samples);
  }

  record(): void {
    this.stopSound();
    this.keep();
    this.change({ state: "recording", hasRecording: false });
    this.after(RECORD_MS, () => {
      this.isKeeping = false;
      this.change({ hasRecording: true });
      this.play();
    });
  }

  play(): void {
    this.stopSound();
    this.change({ state: "playing" });
    this.sound(joined(this.kept), RATE_HZ, () => this.change({ state: "listening" }));
  }

  close(): void {
    this.stopSound();
    this.kept = [];
    this.sink.close();
    this.context.close().catch(() => {});
  }

  private lookForEcho(): void {
    const rate = this.context.sampleRate;
    this.keep();
    this.sound(echoSignal(rate), rate, () => {});
    this.after(ECHO_TEST_MS, () => {
      const wantsHeadphones = echoReturnDb(joined(this.kept)) > HEADPHONES_ABOVE_DB;
      this.isKeeping = false;
      this.kept = [];
      this.change({ state: "listening", wantsHeadphones });
    });
  }

  private keep(): void {
    this.kept = [];
    this.isKeeping = true;
  }

  private sound(samples: Float32Array, rate: number, onEnd: () => void): void {
    if (samples.length === 0) return onEnd();
    const buffer = this.context.createBuffer(1, samples.length, rate);
    buffer.getChannelData(0).set(samples);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.sink.input);
    source.onended = onEnd;
    source.start();
    this.source = source;
  }

  private stopSound(): void {
    window.clearTimeout(this.timer);
    this.isKeeping = false;
    if (this.source === null) return;
    this.source.onended = null;
    this.source.stop();
    this.source.disconnect();
    this.source = null;
  }

  private after(ms: number, run: () => void): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(run, ms);
  }

  private change(some: Partial<CheckFindings>): void {
    this.findings = { ...this.findings, ...some };
    this.tell(this.findings);
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
