/** The time of now for components that show one: one beat a second for all of them. */

import { useEffect, useState } from "preact/hooks";
import { pageNowMs } from "./clock.ts";

const EVERY_MS = 1000;

const followers = new Set<() => void>();
let timer: number | null = null;

function beat(): void {
  for (const follower of [...followers]) follower();
}

/** Calls `follower` each second; the answer ends that. */
function follow(follower: () => void): () => void {
  followers.add(follower);
  timer ??= window.setInterval(beat, EVERY_MS);
  return () => {
    followers.delete(follower);
    if (followers.size > 0 || timer === null) return;
    window.clearInterval(timer);
    timer = null;
  };
}

export function useNowMs(): number {
  const [nowMs, setNowMs] = useState(pageNowMs);
  useEffect(() => follow(() => setNowMs(pageNowMs())), []);
  return nowMs;
}
