/** Whether a silent connection is still alive; a pure rule. */

/** No bytes for this long: say so. Program packets come at least eight times a second. */
const STALLED_AFTER_MS = 2500;
/** No bytes for this long: the socket only looks open (iOS after an unlock); replace it. */
const DEAD_AFTER_MS = 6000;
/** Without sound in the room's stream only `time` comes, every ten seconds: two and a half of them. */
const DEAD_WITHOUT_PACKETS_MS = 25_000;
/** With the venue out of reach nothing comes; the browser tells of an edge that ends meanwhile. */
const DEAD_WITHOUT_VENUE_MS = 60_000;

export function stallVerdict(
  silentMs: number,
  hasPackets: boolean,
  isVenueReached = true,
): "well" | "stalled" | "dead" {
  if (!isVenueReached) return silentMs >= DEAD_WITHOUT_VENUE_MS ? "dead" : "well";
  if (silentMs >= (hasPackets ? DEAD_AFTER_MS : DEAD_WITHOUT_PACKETS_MS)) return "dead";
  return hasPackets && silentMs >= STALLED_AFTER_MS ? "stalled" : "well";
}
