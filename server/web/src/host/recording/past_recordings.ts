/** A room's recordings as the hub tells its hosts (`RecordingList` of the API), and what to show. Pure. */

export interface Voice {
  participant: string;
  name: string | null;
  kind: string;
  is_published: boolean;
  duration_ms: number;
}

export interface Work {
  act: "prepare" | "publish" | "take_back" | "withdraw" | "erase" | "erase_person" | "erase_room";
  state: "waiting" | "running" | "done" | "failed";
  percent: number | null;
  why: string | null;
}

export interface Past {
  recording: string;
  title: string;
  begun_utc_ms: number;
  /** Null: it goes on. */
  duration_ms: number | null;
  delete_utc_ms: number;
  voices: Voice[];
  withdrew: { participant: string; name: string | null }[];
  leaving: number;
  muted: { begin_ms: number; end_ms: number }[];
  is_prepared: boolean;
  is_heard: boolean;
  published: string | null;
  work: Work | null;
}

export interface PastList {
  recordings: Past[];
  work: Work | null;
}

/** Null: the hub does not answer, or in no way that this page understands. */
export function readPast(said: unknown): PastList | null {
  const told = said as Partial<PastList> | null;
  return Array.isArray(told?.recordings)
    ? { recordings: told.recordings, work: told.work ?? null }
    : null;
}

export function isOpen(work: Work | null): boolean {
  return work !== null && (work.state === "waiting" || work.state === "running");
}

/** Whether something is being done, so that the list is looked at often. */
export function isBusy(list: PastList | null): boolean {
  if (list === null) return false;
  return isOpen(list.work) || list.recordings.some(({ work }) => isOpen(work));
}

/** `1:02:03`, and `2:03` under an hour. */
export function length(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
