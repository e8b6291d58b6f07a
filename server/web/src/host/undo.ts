/** What *undo* would take back, in words. */

import type { WordKey } from "../i18n/words.ts";

const ACTS: Readonly<Record<string, WordKey>> = {
  next: "undo.next",
  give_floor: "undo.give_floor",
  lower_hand: "undo.lower_hand",
  move_hand: "undo.move_hand",
  end_turn: "undo.end_turn",
  set_rules: "undo.set_rules",
  block: "undo.block",
  close_all: "undo.close_all",
};

/** For the type of a command; an act of a later hub is undone without its name. */
export function undoWords(command: string): WordKey {
  return Object.hasOwn(ACTS, command) ? (ACTS[command] as WordKey) : "undo.last";
}
