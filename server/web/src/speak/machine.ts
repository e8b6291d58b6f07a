/**
 * From the line to the air and back, as a table: what happens to one's own microphone, and what the
 * page does then.
 *
 * Rules:
 * - Nothing opens the microphone but a tap that says so; a finished test closes it.
 * - Sound leaves the phone only in `live`, and `live` is only what the hub has confirmed.
 * - Whatever takes the microphone or the page away (a call, another app, a headset) mutes and stops
 *   the sound at once; only a tap goes on.
 */

export type SpeakState =
  | "idle"
  | "explaining"
  | "asking"
  | "refused"
  | "checking"
  /** Tested, and closed again: one tap goes live. */
  | "ready"
  | "opening"
  | "connecting"
  | "live"
  /** The floor is kept, nothing is heard. */
  | "muted"
  /** Muted, and the microphone is being opened anew. */
  | "reopening"
  /** No connection left; the hub keeps the floor for a few seconds. */
  | "lost"
  /** Stepped down: the hub has not said so yet. */
  | "leaving";

export type SpeakEvent =
  | "begin"
  | "accept"
  | "leave"
  | "microphone"
  | "refusal"
  | "done"
  | "go_live"
  | "on_air"
  | "turn_over"
  | "mute"
  | "hidden"
  | "device"
  | "go_on"
  | "reopen"
  | "link_lost"
  | "link_back";

export type SpeakEffect =
  /** Ask the browser for the microphone. */
  | "ask"
  | "close"
  /** Listen for echo; show the level. */
  | "check"
  | "end_check"
  /** Connect the microphone to the hub and take the floor. */
  | "connect"
  | "disconnect"
  /** Let sound out. */
  | "speak"
  /** Let none out, from this moment on. */
  | "hush"
  | "tell_muted"
  | "tell_unmuted"
  | "hear_return"
  | "hear_program"
  | "step_down";

interface Step {
  to: SpeakState;
  effects: readonly SpeakEffect[];
}

const step = (to: SpeakState, ...effects: SpeakEffect[]): Step => ({ to, effects });

/** The end of a turn that was, or was about to be, on air. */
const OVER = step("ready", "hush", "disconnect", "close", "hear_program");
const STEP_DOWN = step("leaving", "hush", "step_down");
const MUTE = step("muted", "hush", "tell_muted");

/** Every (state, event) pair that does something; all others leave state and world as they are. */
export const TRANSITIONS: Record<SpeakState, Partial<Record<SpeakEvent, Step>>> = {
  idle: {
    begin: step("explaining"),
    // The explanation stands beside these two already, when it is one's turn.
    accept: step("asking", "ask"),
    go_live: step("opening", "ask"),
  },
  explaining: {
    accept: step("asking", "ask"),
    leave: step("idle"),
  },
  asking: {
    microphone: step("checking", "check"),
    refusal: step("refused"),
    hidden: step("asking"), // the browser's own question may hide the page
    leave: step("idle", "close"),
  },
  refused: {
    accept: step("asking", "ask"),
    leave: step("idle"),
  },
  checking: {
    done: step("ready", "end_check", "close"),
    hidden: step("ready", "end_check", "close"),
    device: step("refused", "end_check", "close"),
    leave: step("idle", "end_check", "close"),
    go_live: step("connecting", "end_check", "connect"),
  },
  ready: {
    begin: step("asking", "ask"),
    go_live: step("opening", "ask"),
    leave: step("idle"),
  },
  opening: {
    microphone: step("connecting", "connect"),
    refusal: step("refused"),
    leave: step("ready", "close"),
    turn_over: step("ready", "close"),
  },
  connecting: {
    on_air: step("live", "hear_return", "speak"),
    leave: OVER,
    turn_over: OVER,
  },
  live: {
    mute: MUTE,
    hidden: MUTE,
    device: MUTE,
    link_lost: step("lost"),
    leave: STEP_DOWN,
    turn_over: OVER,
  },
  muted: {
    go_on: step("live", "speak", "tell_unmuted"),
    reopen: step("reopening", "ask"),
    leave: STEP_DOWN,
    turn_over: OVER,
  },
  reopening: {
    microphone: step("live", "speak", "tell_unmuted"),
    refusal: step("muted"),
    leave: STEP_DOWN,
    turn_over: OVER,
  },
  lost: {
    link_back: step("live"),
    mute: MUTE,
    hidden: MUTE,
    device: MUTE,
    leave: STEP_DOWN,
    turn_over: OVER,
  },
  leaving: {
    turn_over: OVER,
  },
};

/** The next state and what to do, or the same state and nothing. */
export function advance(state: SpeakState, event: SpeakEvent): Step {
  return TRANSITIONS[state][event] ?? { to: state, effects: [] };
}

/** Whether the turn is, as far as the page knows, on the air or kept for it. */
export function hasFloor(state: SpeakState): boolean {
  return ["live", "muted", "reopening", "lost", "leaving"].includes(state);
}
