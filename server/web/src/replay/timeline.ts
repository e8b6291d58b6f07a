/** Where one is in a recording: chapters around a moment, moments as links and as words. Pure. */

import type { Chapter } from "./index.ts";

/** Going back within so many ms of a chapter's beginning goes to the one before, as players do. */
export const BACK_AGAIN_MS = 3000;

/** The chapter that one hears at `at_ms`: of those that overlap, the one that began last. */
export function chapterAt(chapters: readonly Chapter[], at_ms: number): number | null {
  let found: number | null = null;
  chapters.forEach((chapter, number) => {
    if (chapter.begin_ms <= at_ms && at_ms < chapter.end_ms) found = number;
  });
  return found;
}

/** Where the next speaker begins; null: there is none. */
export function nextBegin(chapters: readonly Chapter[], at_ms: number): number | null {
  return chapters.find((chapter) => chapter.begin_ms > at_ms)?.begin_ms ?? null;
}

/** Where this speaker began, or, shortly after that, the one before; 0 before the first. */
export function previousBegin(chapters: readonly Chapter[], at_ms: number): number {
  const before = chapters.filter((chapter) => chapter.begin_ms < at_ms - BACK_AGAIN_MS);
  return before.at(-1)?.begin_ms ?? 0;
}

/** `1:02:03`, and `2:03` under an hour. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** The moment that a link's `#t=` names: seconds, or `1:02:03`; null: none, or no moment. */
export function momentOf(hash: string): number | null {
  const told = new URLSearchParams(hash.replace(/^#/, "")).get("t");
  if (told === null || !/^\d{1,6}(\.\d{1,3})?$|^\d{1,3}(:[0-5]?\d){1,2}$/.test(told)) return null;
  return told.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) * 1000;
}

/** Whether whoever made the link has tapped for sound already: `#play`. */
export function isToPlay(hash: string): boolean {
  return new URLSearchParams(hash.replace(/^#/, "")).has("play");
}

/** The link to a moment, in whole seconds. */
export function linkTo(address: string, at_ms: number): string {
  return `${address.replace(/#.*$/, "")}#t=${Math.floor(at_ms / 1000)}`;
}

/** `ms`, but inside the recording. */
export function inside(ms: number, duration_ms: number): number {
  return Math.min(Math.max(ms, 0), duration_ms);
}

const DAY_MS = 86_400_000;

/** Whole days until it is deleted; 0: today, or it is over. */
export function daysLeft(delete_utc_ms: number, now_utc_ms: number): number {
  return Math.max(0, Math.floor((delete_utc_ms - now_utc_ms) / DAY_MS));
}

/** Where on an outline of `bars` columns a mark stands. */
export function markX(at_ms: number, duration_ms: number, bars: number): number {
  return (inside(at_ms, duration_ms) / duration_ms) * bars;
}

/** How high a mark is: all can be seen, and the one that most people set is the highest. */
export function markHeight(count: number, most: number): number {
  return 0.25 + 0.75 * (count / most);
}
