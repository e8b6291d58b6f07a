/** The time of now for components that show one: they are drawn again each second. */

import { useEffect, useState } from "preact/hooks";
import { pageNowMs } from "./clock.ts";

const EVERY_MS = 1000;

export function useNowMs(): number {
  const [nowMs, setNowMs] = useState(pageNowMs);
  useEffect(() => {
    const timer = window.setInterval(() => setNowMs(pageNowMs()), EVERY_MS);
    return () => window.clearInterval(timer);
  }, []);
  return nowMs;
}
