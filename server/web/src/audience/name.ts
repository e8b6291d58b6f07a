/** What the hub accepts as a name (`parvis_wire.fields`). */

import { MAX_NAME_CHARACTERS } from "../wire/messages.ts";

/** The name as it is sent, or null. */
export function cleanName(text: string): string | null {
  const name = text.trim().normalize("NFC");
  const length = [...name].length;
  if (length === 0 || length > MAX_NAME_CHARACTERS) return null;
  // Control and format characters could forge a line of the list; joiners belong to scripts.
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(name.replace(/[\u200c\u200d]/g, ""))
    ? null
    : name;
}
