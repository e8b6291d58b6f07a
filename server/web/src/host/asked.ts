/** What the host asked for is shown until the hub has answered; then what the hub says. */

import type { Wish } from "../room/commands.ts";
import type { Waiting } from "../room/hub_client.ts";
import type { FloorRules, RoomView } from "../wire/messages.ts";

type Of<Type extends Wish["type"]> = Extract<Wish, { type: Type }>;

/** The last command of this kind that waits for its answer. */
export function lastAsked<Type extends Wish["type"]>(
  waiting: readonly Waiting[],
  type: Type,
): Of<Type> | null {
  const asked = waiting
    .map(({ wish }) => wish)
    .filter((wish): wish is Of<Type> => wish.type === type);
  return asked.at(-1) ?? null;
}

/** The rules as they are, or will be once the hub has answered. */
export function rulesShown(view: RoomView, waiting: readonly Waiting[]): FloorRules {
  return lastAsked(waiting, "set_rules")?.rules ?? view.rules;
}

/** Whether the microphones are silent, or will be once the hub has answered. */
export function silenceShown(view: RoomView, waiting: readonly Waiting[]): boolean {
  return lastAsked(waiting, "silence_all")?.on ?? view.silenced;
}

/** Whether this unit is the hosts', or will be. */
export function isHostUnit(view: RoomView, waiting: readonly Waiting[], unit: string): boolean {
  const asked = waiting
    .map(({ wish }) => wish)
    .filter((wish) => wish.type === "set_host_unit" && wish.unit === unit) as Of<"set_host_unit">[];
  return asked.at(-1)?.on ?? view.host_units.includes(unit);
}
