/** Hooks for what changes by itself: the time, and who is heard. */

import { useEffect, useState } from "preact/hooks";
import type { RoomState } from "../room/hub_client.ts";
import type { Store } from "../ui/store.ts";
import type { RoomView } from "../wire/messages.ts";
import { Heard } from "./scene.ts";

const LOOK_EVERY_MS = 250;
const TALLY_SHOWN_MS = 60_000;

/** Milliseconds since the epoch, by a clock that never jumps: the one of `RoomMoment.atMs`. */
export const nowMs = () => performance.timeOrigin + performance.now();

/** The time, four times a second: a second that is shown never lasts visibly longer than one. */
export function useNow(): number {
  const [now, setNow] = useState(nowMs);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(nowMs()), LOOK_EVERY_MS);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}

/** The sources that were heard a moment ago, as `Heard.now` writes them. */
export function useHeard(room: Store<RoomState>): string {
  const [heard, setHeard] = useState("");
  useEffect(() => {
    const ear = new Heard();
    const look = () => {
      ear.note(room.value.talkers, nowMs());
      setHeard(ear.now(nowMs()));
    };
    const timer = window.setInterval(look, LOOK_EVERY_MS);
    return () => window.clearInterval(timer);
  }, [room]);
  return heard;
}

/** Whether a show of hands that this screen saw was counted a moment ago. */
export function useFreshTally(view: RoomView | null): boolean {
  const [isFresh, setFresh] = useState(false);
  const [hasSeenAsk, setSeen] = useState(false);
  const isOpen = view !== null && view.ask !== null;
  useEffect(() => {
    if (isOpen) {
      setSeen(true);
      setFresh(false);
      return;
    }
    if (!hasSeenAsk) return;
    setFresh(true);
    const timer = window.setTimeout(() => setFresh(false), TALLY_SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [isOpen, hasSeenAsk]);
  return isFresh;
}
