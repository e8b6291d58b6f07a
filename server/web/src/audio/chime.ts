/** Two notes by the page's own way to the ear: a call to the floor, and a test of one's sound. */

import { audioContextClass, phoneKind } from "./platform.ts";
import { openSink } from "./sinks.ts";

/** A fifth upwards (A4, E5): clear on a small loudspeaker, and nothing like a telephone. */
const NOTES_HZ = [440, 659] as const;
const NOTE_S = 0.35;
const LOUDNESS = 0.25;
const LENGTH_MS = 1200;

/** Plays the notes; false: this browser has no Web Audio. A tap before lets it sound at any time. */
export function chime(): boolean {
  const Context = audioContextClass(window);
  if (Context === null) return false;
  const context = new Context();
  const sink = openSink(context, phoneKind(navigator));
  context.resume().catch(() => {});
  for (const [index, pitch] of NOTES_HZ.entries()) {
    note(context, sink.input, pitch, context.currentTime + 0.05 + index * NOTE_S * 0.7);
  }
  window.setTimeout(() => {
    sink.close();
    context.close().catch(() => {});
  }, LENGTH_MS);
  return true;
}

function note(context: AudioContext, to: AudioNode, pitch: number, begin: number): void {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, begin + NOTE_S);
  tone.connect(volume);
  volume.connect(to);
  tone.start(begin);
  tone.stop(begin + NOTE_S);
}
