/**
 * The life of the audio output, as a table: what a browser's AudioContext does and what we do then.
 *
 * Rules:
 * - A tap opens everything before the first `await`; nothing else ever opens or rebuilds.
 * - `interrupted` (a phone call, Siri) belongs to the system. Resuming it fails, and can leave a
 *   context that says "running" with a clock that stands still: wait until it is `suspended`.
 * - "running" is believed only while the context's clock moves; a frozen one is closed, and the next
 *   tap builds a new context.
 * - One context serves the whole visit: a lost network replaces the socket, never the context.
 */

export type AudioState =
  | "idle"
  | "starting"
  | "live"
  | "suspended"
  | "interrupted"
  | "frozen"
  | "failed";

export type AudioEvent =
  | "tap"
  | "stop"
  | "running"
  | "suspended"
  | "interrupted"
  | "closed"
  | "clock_frozen"
  | "failure";

/** What the player does; `open` and `resume` happen inside the handler of the event. */
export type AudioEffect = "open" | "resume" | "watch_clock" | "close";

interface Step {
  to: AudioState;
  effects: readonly AudioEffect[];
}

const step = (to: AudioState, ...effects: AudioEffect[]): Step => ({ to, effects });

/** Every (state, event) pair that does something; all others leave state and world as they are. */
export const TRANSITIONS: Record<AudioState, Partial<Record<AudioEvent, Step>>> = {
  idle: {
    tap: step("starting", "open"),
  },
  starting: {
    running: step("live", "watch_clock"),
    interrupted: step("interrupted"),
    clock_frozen: step("frozen", "close"),
    failure: step("failed", "close"),
    closed: step("frozen", "close"),
    stop: step("idle", "close"),
  },
  live: {
    suspended: step("suspended", "resume"),
    interrupted: step("interrupted"),
    clock_frozen: step("frozen", "close"),
    failure: step("failed", "close"),
    closed: step("frozen", "close"),
    stop: step("idle", "close"),
  },
  suspended: {
    tap: step("suspended", "resume"),
    running: step("live", "watch_clock"),
    interrupted: step("interrupted"),
    clock_frozen: step("frozen", "close"),
    failure: step("failed", "close"),
    closed: step("frozen", "close"),
    stop: step("idle", "close"),
  },
  interrupted: {
    running: step("live", "watch_clock"),
    suspended: step("suspended", "resume"),
    failure: step("failed", "close"),
    closed: step("frozen", "close"),
    stop: step("idle", "close"),
  },
  frozen: {
    tap: step("starting", "open"),
    stop: step("idle"),
  },
  failed: {
    tap: step("starting", "open"),
    stop: step("idle"),
  },
};

/** The next state and what to do, or the same state and nothing. */
export function advance(state: AudioState, event: AudioEvent): Step {
  return TRANSITIONS[state][event] ?? { to: state, effects: [] };
}
