/** Commands that wait for the hub's answer; a hand that was raised is never lost on the way. */

import type { ClientMessage } from "../wire/messages.ts";

/** Every client message that the hub answers with `ack`. */
export type Command = Extract<ClientMessage, { id: string }>;

/** A person taps faster than this only in anger. */
const MAX_WAITING = 16;

/** Without `Omit`'s loss of the union. */
type WithoutId<T> = T extends Command ? Omit<T, "id"> : never;

/** A command as a page says it, before it has an id. */
export type Wish = WithoutId<Command>;

export class PendingCommands {
  private readonly pending = new Map<string, Command>();

  /** False when too many wait already: the command is not taken. */
  add(command: Command): boolean {
    if (this.pending.size >= MAX_WAITING) return false;
    this.pending.set(command.id, command);
    return true;
  }

  settle(id: string): void {
    this.pending.delete(id);
  }

  /** In the order in which they were given. */
  waiting(): Command[] {
    return [...this.pending.values()];
  }

  clear(): void {
    this.pending.clear();
  }
}
