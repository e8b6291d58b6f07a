/**
 * The two ways from a microphone's track to 10 ms frames: the track's own sound read in a worker,
 * where a browser has that, else Web Audio's thread.
 */

import { audioContextClass } from "../audio/platform.ts";
import type { ToMicrophoneWorker } from "./microphone.worker.ts";
import workletUrl from "./microphone.worklet.ts?worker&url";
import type { FromMicrophone, ToMicrophone } from "./microphone_tap.ts";

/** A running way. */
export interface Inlet {
  onMessage: (message: FromMicrophone) => void;
  pass(to: ToMicrophone): void;
  close(): void;
}

/** The track's own sound: in Chromium here 25 ms after the moment it sounded, by Web Audio 75 to 84. */
interface TrackProcessor {
  readonly readable: ReadableStream<AudioData>;
}
type TrackProcessorClass = new (init: {
  track: MediaStreamTrack;
  maxBufferSize: number;
}) => TrackProcessor;

/** Pieces of 10 ms: a second that a busy worker may be behind. */
const MOST_HELD_PIECES = 100;
/** A browser that gives no sound within this is asked the other way. */
const PROOF_WITHIN_MS = 1500;

/** The quickest way that works; null: none. */
export async function openInlet(stream: MediaStream): Promise<Inlet | null> {
  return (await openTrackInlet(stream)) ?? (await openWebAudioInlet(stream));
}

async function openTrackInlet(stream: MediaStream): Promise<Inlet | null> {
  const { MediaStreamTrackProcessor } = window as { MediaStreamTrackProcessor?: unknown };
  const [track] = stream.getAudioTracks();
  if (MediaStreamTrackProcessor === undefined || track === undefined) return null;
  const Processor = MediaStreamTrackProcessor as TrackProcessorClass;
  const worker = new Worker(new URL("./microphone.worker.ts", import.meta.url));
  try {
    const inlet = new TrackInlet(worker);
    const proven = inlet.firstMessage(PROOF_WITHIN_MS);
    const { readable } = new Processor({ track, maxBufferSize: MOST_HELD_PIECES });
    const message: ToMicrophoneWorker = { kind: "read", sound: readable };
    worker.postMessage(message, [readable]);
    if (await proven) return inlet;
  } catch {
    // an early version of it: another shape, or it reads no sound
  }
  worker.terminate();
  return null;
}

class TrackInlet implements Inlet {
  onMessage: (message: FromMicrophone) => void = () => {};

  constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data }: MessageEvent<FromMicrophone>) => this.onMessage(data);
  }

  /** Whether it tells a level in time. */
  firstMessage(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), withinMs);
      this.worker.onerror = () => resolve(false);
      this.onMessage = ({ kind }) => {
        clearTimeout(timer);
        resolve(kind !== "lost");
      };
    });
  }

  pass(to: ToMicrophone): void {
    this.worker.postMessage(to, "port" in to && to.port ? [to.port] : []);
  }

  /** What it would still pass on goes nowhere. */
  close(): void {
    this.worker.terminate();
  }
}

/** A graph of its own at the microphone's rate: some browsers refuse to join another one. */
async function openWebAudioInlet(stream: MediaStream): Promise<Inlet | null> {
  const found = await contextFor(stream);
  if (found === null) return null;
  const { context, source } = found;
  await context.audioWorklet.addModule(workletUrl);
  const node = new AudioWorkletNode(context, "parvis-microphone", {
    channelCount: 1,
    channelCountMode: "explicit",
  });
  source.connect(node);
  // It gives silence; but a graph that leads nowhere may not run.
  node.connect(context.destination);
  await context.resume();
  return new WebAudioInlet(context, node);
}

class WebAudioInlet implements Inlet {
  onMessage: (message: FromMicrophone) => void = () => {};

  constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
  ) {
    node.port.onmessage = ({ data }: MessageEvent<FromMicrophone>) => this.onMessage(data);
    context.onstatechange = () => {
      if (context.state !== "running") this.onMessage({ kind: "lost" });
    };
  }

  pass(to: ToMicrophone): void {
    this.node.port.postMessage(to, "port" in to && to.port ? [to.port] : []);
  }

  close(): void {
    this.context.onstatechange = null;
    this.pass({ kind: "close" });
    this.node.port.onmessage = null;
    this.context.close().catch(() => {});
  }
}

/** A context in which this microphone can be heard: the usual one, or one at its own rate. */
async function contextFor(
  stream: MediaStream,
): Promise<{ context: AudioContext; source: AudioNode } | null> {
  const Context = audioContextClass(window) as typeof AudioContext;
  const ownRate = stream.getAudioTracks()[0]?.getSettings().sampleRate;
  const rates = [undefined, ownRate, 48_000, 44_100, 16_000];
  for (const sampleRate of rates) {
    const context = new Context({
      latencyHint: "interactive",
      ...(sampleRate === undefined ? {} : { sampleRate }),
    });
    try {
      return { context, source: context.createMediaStreamSource(stream) };
    } catch {
      await context.close().catch(() => {});
    }
  }
  return null;
}
