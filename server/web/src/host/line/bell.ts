/** What tells a host of a new hand: two soft notes, the tab's title, the icon's badge. */

/** Two notes, a fourth apart (D5 and G5), that no hall takes for a telephone. */
const NOTES_HZ = [587, 784] as const;
const NOTE_S = 0.18;
const LOUDNESS = 0.12;

/** Rings in the host's own device; the context is made at the first ring and kept. */
export class Bell {
  private context: AudioContext | null = null;

  ring(): void {
    // A browser without sound, or a page that was never touched, rings for nobody.
    if (typeof AudioContext === "undefined") return;
    this.context ??= new AudioContext();
    const context = this.context;
    context
      .resume()
      .then(() => {
        for (const [index, pitch] of NOTES_HZ.entries()) note(context, pitch, index * NOTE_S);
      })
      .catch(() => {}); // not allowed yet: the title says it too
  }
}

function note(context: AudioContext, pitch: number, delayS: number): void {
  const begin = context.currentTime + delayS;
  const tone = new OscillatorNode(context, { type: "sine", frequency: pitch });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, begin + NOTE_S * 2);
  tone.connect(volume).connect(context.destination);
  tone.start(begin);
  tone.stop(begin + NOTE_S * 2);
}

/** The number on the icon of an installed page, where there is one. */
export function setBadge(count: number): void {
  const { setAppBadge, clearAppBadge } = navigator as Navigator & {
    setAppBadge?: (count: number) => Promise<void>;
    clearAppBadge?: () => Promise<void>;
  };
  const done = count > 0 ? setAppBadge?.call(navigator, count) : clearAppBadge?.call(navigator);
  done?.catch(() => {}); // not installed, or not allowed
}
