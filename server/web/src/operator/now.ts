/** The time of now for components that show one: a second is never shown for visibly longer. */

import { useEffect, useState } from "preact/hooks";

const LOOK_EVERY_MS = 250;

/** Milliseconds on a clock that never jumps. */
export const pageNowMs = (): number => performance.now();

export function useNow(): number {
  const [nowMs, setNowMs] = useState(pageNowMs);
  useEffect(() => {
    const timer = window.setInterval(() => setNowMs(pageNowMs()), LOOK_EVERY_MS);
    return () => window.clearInterval(timer);
  }, []);
  return nowMs;
}
