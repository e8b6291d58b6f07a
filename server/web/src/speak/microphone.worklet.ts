/** The microphone's end in the audio thread, for browsers that hand its sound to Web Audio alone. */

import { MicrophoneTap, type ToMicrophone } from "./microphone_tap.ts";

// TypeScript's library does not describe the scope of worklets.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: typeof AudioWorkletProcessor): void;

/** One render quantum: what a microphone without sound is taken for. */
const QUIET = new Float32Array(128);

class MicrophoneProcessor extends AudioWorkletProcessor {
  private readonly tap = new MicrophoneTap(sampleRate, (message) => this.port.postMessage(message));

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<ToMicrophone>) => this.tap.told(data);
  }

  process(inputs: Float32Array[][]): boolean {
    this.tap.push(inputs[0]?.[0] ?? QUIET);
    return this.tap.isOpen;
  }
}

registerProcessor("parvis-microphone", MicrophoneProcessor);
