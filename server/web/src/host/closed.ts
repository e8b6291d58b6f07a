/** The words for a host whom the hub turned away. */

import type { WordKey } from "../i18n/words.ts";
import { closedWords } from "../ui/shell.tsx";
import { CLOSE_CODES } from "../wire/close_codes.ts";

export function closedHostWords(closeCode: number | null): WordKey {
  if (closeCode === CLOSE_CODES.unauthorised) return "host.key_wrong";
  if (closeCode === CLOSE_CODES.forbidden) return "host.key_address";
  return closedWords(closeCode);
}
