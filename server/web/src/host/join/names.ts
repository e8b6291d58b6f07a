/** What units that want to join are called. */

import type { Status } from "../../wire/messages.ts";

/** More than these are only counted. */
const SHOWN = 5;

/** Their names, or the first letters of the key of one without. */
export function strangerNames(waiting: Status["waiting"]): string {
  const names = waiting.map(({ name, unit }) => name ?? unit.slice(0, 4));
  return names.slice(0, SHOWN).join(", ") + (names.length > SHOWN ? ", …" : "");
}
