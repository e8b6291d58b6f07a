/** What the lock screen and the headset's buttons show and do with a replay. */

import type { ReplayPlayer } from "./player.ts";

export interface Shown {
  title: string;
  artist: string;
}

/** Keeps the system's media controls in step; `skip` goes to the next or previous speaker. */
export function followReplay(
  player: ReplayPlayer,
  session: MediaSession | undefined,
  shown: () => Shown,
  artwork: string,
  skip: (by: 1 | -1) => void,
): void {
  if (session === undefined) return;
  const by = (ms: number) => player.seek(player.store.value.at_ms + ms);
  const handlers: [MediaSessionAction, MediaSessionActionHandler][] = [
    ["play", () => player.play()],
    ["pause", () => player.pause()],
    ["seekbackward", (asked) => by(-1000 * (asked.seekOffset ?? 15))],
    ["seekforward", (asked) => by(1000 * (asked.seekOffset ?? 15))],
    ["seekto", (asked) => player.seek(1000 * (asked.seekTime ?? 0))],
    ["previoustrack", () => skip(-1)],
    ["nexttrack", () => skip(1)],
  ];
  for (const [action, handler] of handlers) {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // A browser that does not know this one.
    }
  }
  let said = "";
  player.store.follow(() => {
    const { state, at_ms, duration_ms, rate } = player.store.value;
    session.playbackState = state === "playing" || state === "waiting" ? "playing" : "paused";
    // Older browsers have no setPositionState.
    if (duration_ms > 0) {
      session.setPositionState?.({
        duration: duration_ms / 1000,
        position: Math.min(at_ms, duration_ms) / 1000,
        playbackRate: rate,
      });
    }
    const { title, artist } = shown();
    if (said === `${title}\n${artist}`) return;
    said = `${title}\n${artist}`;
    session.metadata = new MediaMetadata({
      title,
      artist,
      artwork: [{ src: artwork, sizes: "512x512", type: "image/png" }],
    });
  });
}
