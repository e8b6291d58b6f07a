/** What the page tells of one's own voice, to whoever asks in its console: `window.__parvis_voice`. */

import type { Speaking } from "./speaking.ts";

/** Puts a live, read-only view where tests and support find it. */
export function exposeVoice(speaking: Speaking): void {
  Object.defineProperty(window, "__parvis_voice", {
    configurable: true,
    get: () => Object.freeze({ ...speaking.store.value, isOnAir: speaking.isOnAir }),
  });
}
