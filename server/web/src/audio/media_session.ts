/** What the lock screen and the headset's buttons show and do. */

import type { Player } from "./player.ts";

/** Keeps the system's media controls in step with the player. */
export function followMediaSession(player: Player, title: () => string, artwork: string): void {
  const session = navigator.mediaSession as MediaSession | undefined;
  if (session === undefined) return;
  session.setActionHandler("play", () => player.tap());
  session.setActionHandler("pause", () => player.stop());
  session.setActionHandler("stop", () => player.stop());
  let shown = "";
  player.store.follow(() => {
    const { state } = player.store.value;
    session.playbackState = state === "idle" ? "none" : state === "live" ? "playing" : "paused";
    if (shown === title()) return;
    shown = title();
    session.metadata = new MediaMetadata({
      title: shown,
      artist: "Parvis",
      artwork: [{ src: artwork, sizes: "512x512", type: "image/png" }],
    });
  });
}
