/** A screen that nobody touches: it stays lit, and comes back by itself. */

import type { HubClient } from "../room/hub_client.ts";
import { CLOSE_CODES } from "../wire/close_codes.ts";

/** A refusal may end by itself: the room is made, an invitation is sent, the hub starts again. */
const TRY_AGAIN_MS = 10_000;

/** Keeps the screen lit where the browser can (a secure context), for as long as it is seen. */
export function keepLit(): void {
  const locks = navigator.wakeLock as WakeLock | undefined;
  const light = () => {
    // Refused on low battery; then it is asked for again the next time the page is seen.
    if (!document.hidden) locks?.request("screen").catch(() => {});
  };
  document.addEventListener("visibilitychange", light);
  light();
}

/** Connects again on every sign of life, and after a refusal too; an outdated page loads itself anew. */
export function stayConnected(hub: HubClient): void {
  const refresh = () => {
    if (!document.hidden) hub.refresh();
  };
  document.addEventListener("visibilitychange", refresh);
  window.addEventListener("pageshow", refresh);
  window.addEventListener("online", refresh);
  window.addEventListener("pagehide", () => hub.rest());
  window.setInterval(() => {
    const { link, closeCode } = hub.room.value;
    if (link !== "refused") return;
    if (closeCode === CLOSE_CODES.version) location.reload();
    else hub.reopen();
  }, TRY_AGAIN_MS);
}
