/** Commands that wait for the hub's answer; a hand that was raised is never lost on the way. */

import type { ClientMessage } from "../wire/messages.ts";

/** Every client message that the hub answers with `ack`. */
export type Command = Extract<ClientMessage, { id: string }>;

/** A person taps faster than this only in anger. */
const MAX_WAITING = 16;

/** The hub answers within a round trip; what it dropped over its rate it never answers. */
const REPEAT_AFTER_MS = 1000;

/**
 * What a person pressed so long ago was meant for another moment: nobody else shall get the floor, no
 * microphone open by itself, no later question get the answer of an earlier one.
 */
const MEANT_FOR_MS = 15_000;

/** A venue that was out of reach for a moment takes what was pressed meanwhile. */
const TRIED_FOR_MS = 20_000;

const OF_THE_MOMENT: ReadonlySet<Command["type"]> = new Set([
  "take_floor",
  "next",
  "give_floor",
  "end_turn",
  "move_hand",
  "read_out",
  "close_all",
  "set_phase",
  "undo",
  "open_ask",
  "answer_ask",
  "close_ask",
  "identify",
  "set_lift",
  "check_sound",
  "start_recording",
]);

/** Without `Omit`'s loss of the union. */
type WithoutId<T> = T extends Command ? Omit<T, "id"> : never;

/** A command as a page says it, before it has an id. */
export type Wish = WithoutId<Command>;

interface Pending {
  readonly command: Command;
  readonly givenMs: number;
  sentMs: number;
}

/** What a command sets as a whole: a later one for the same makes it void. Null: each one counts. */
function subject(command: Command): string | null {
  switch (command.type) {
    case "set_source":
      return `source ${command.participant}`;
    case "set_lift":
      return `lift ${command.zone}`;
    case "set_sharing":
    case "set_rules":
    case "describe":
    case "silence_all":
    case "set_muted":
    case "answer_ask":
    case "answer_recording":
    case "set_recording_terms":
      return command.type;
    case "set_rank":
      return `rank ${command.participant}`;
    case "block":
    case "unblock":
      return `block ${command.participant}`;
    case "keep_in_view":
      return `view ${command.participant}`;
    case "set_host_unit":
      return `host unit ${command.unit}`;
    default:
      return null;
  }
}

export class PendingCommands {
  private readonly pending = new Map<string, Pending>();

  /** False when too many wait already: the command is not taken. */
  add(command: Command, nowMs: number): boolean {
    if (this.pending.size >= MAX_WAITING) return false;
    this.pending.set(command.id, { command, givenMs: nowMs, sentMs: nowMs });
    return true;
  }

  /** Forgets what `command` replaces, so that no repetition brings an old setting back; the ids. */
  giveUpReplaced(command: Command): string[] {
    const about = subject(command);
    if (about === null) return [];
    const old = [...this.pending.values()].filter((one) => subject(one.command) === about);
    for (const one of old) this.settle(one.command.id);
    return old.map((one) => one.command.id);
  }

  /** It did not reach the venue: it is sent again in a while; false: it was tried for long enough. */
  postpone(id: string, nowMs: number): boolean {
    const one = this.pending.get(id);
    if (one === undefined) return false;
    const triedForMs = OF_THE_MOMENT.has(one.command.type) ? MEANT_FOR_MS : TRIED_FOR_MS;
    if (nowMs - one.givenMs >= triedForMs) return false;
    one.sentMs = nowMs;
    return true;
  }

  settle(id: string): void {
    this.pending.delete(id);
  }

  /** All, in the order in which they were given, to be sent on a new connection. */
  again(nowMs: number): Command[] {
    const all = [...this.pending.values()];
    for (const one of all) one.sentMs = nowMs;
    return all.map((one) => one.command);
  }

  /** The oldest one without an answer for too long, to be sent again; one at a time. */
  overdue(nowMs: number): Command | null {
    for (const one of this.pending.values()) {
      if (nowMs - one.sentMs < REPEAT_AFTER_MS) continue;
      one.sentMs = nowMs;
      return one.command;
    }
    return null;
  }

  /** Forgets what is no longer meant; the ids. */
  giveUpStale(nowMs: number): string[] {
    const stale = [...this.pending.values()].filter(
      (one) => OF_THE_MOMENT.has(one.command.type) && nowMs - one.givenMs > MEANT_FOR_MS,
    );
    for (const one of stale) this.settle(one.command.id);
    return stale.map((one) => one.command.id);
  }

  clear(): void {
    this.pending.clear();
  }
}
