/**
 * What this browser can do, by asking it; and the two phones whose lock screens want different care.
 */

import type { Rung } from "../wire/messages.generated.ts";

export type PhoneKind = "ios" | "android" | "other";

/** What decides how sound is played; filled by `detect`, written by hand in tests. */
export interface Abilities {
  webAssembly: boolean;
  audioContext: boolean;
  /** Only in a secure context. */
  audioWorklet: boolean;
  mp3: boolean;
}

export type PlayedRung = Exclude<Rung, "native">;

/** After so many failures of a rung the next one down is tried. */
export const MAX_FAILURES = 2;

/** The best way to play here; null: this browser cannot play anything of ours. */
export function chooseRung(
  abilities: Abilities,
  failures: number,
  wantsMp3: boolean,
): PlayedRung | null {
  const canDecode = abilities.webAssembly && abilities.audioContext;
  if (!canDecode || wantsMp3 || failures >= MAX_FAILURES) return abilities.mp3 ? "mp3" : null;
  // A worklet that failed once may be the fault of its script; sources need none.
  return abilities.audioWorklet && failures === 0 ? "worklet" : "buffer_source";
}

/** Asks the browser. */
export function detect(window: Window & typeof globalThis): Abilities {
  const Context = audioContextClass(window);
  return {
    webAssembly: typeof window.WebAssembly === "object",
    audioContext: Context !== null,
    audioWorklet: Context !== null && "audioWorklet" in Context.prototype,
    mp3: window.document.createElement("audio").canPlayType("audio/mpeg") !== "",
  };
}

/** The constructor under either of its names, or null. */
export function audioContextClass(window: Window): typeof AudioContext | null {
  const names = window as unknown as Record<string, typeof AudioContext | undefined>;
  return names.AudioContext ?? names.webkitAudioContext ?? null;
}

/** Features cannot tell these apart, and their lock screens want opposite tricks. */
export function phoneKind(navigator: { userAgent: string; maxTouchPoints?: number }): PhoneKind {
  const { userAgent } = navigator;
  if (/iPhone|iPad|iPod/.test(userAgent)) return "ios";
  // An iPad asks for desktop pages under a Mac's name; no Mac has a touch screen.
  if (/Macintosh/.test(userAgent) && (navigator.maxTouchPoints ?? 0) > 1) return "ios";
  return /Android/.test(userAgent) ? "android" : "other";
}
