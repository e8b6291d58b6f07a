/** Listens to the keyboard for the whole page. */

import { useEffect, useState } from "preact/hooks";
import { keep, readKept } from "../../i18n/words.ts";
import { actOf, isTextField, type KeyAct } from "./keys.ts";

const STORAGE_KEY = "parvis.host.keys";

/** Whether letters do anything; kept on this device. */
export function useLetterSwitch(): [boolean, (hasLetters: boolean) => void] {
  const [hasLetters, setLetters] = useState(() => readKept(STORAGE_KEY) !== "off");
  return [
    hasLetters,
    (wanted) => {
      keep(STORAGE_KEY, wanted ? "on" : "off");
      setLetters(wanted);
    },
  ];
}

export interface KeyHands {
  down(act: KeyAct): void;
  up(act: KeyAct): void;
}

export function useKeys(hands: KeyHands, hasLetters: boolean): void {
  useEffect(() => {
    const read = (event: KeyboardEvent): KeyAct | null => {
      const target = event.target as HTMLElement;
      return actOf(event, isTextField(target as HTMLElement & { type?: string }), hasLetters);
    };
    const down = (event: KeyboardEvent) => {
      const act = read(event);
      if (act === null) return;
      event.preventDefault();
      if (!event.repeat) hands.down(act);
    };
    const up = (event: KeyboardEvent) => {
      const act = read(event);
      if (act !== null) hands.up(act);
    };
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    return () => {
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
    };
  }, [hands, hasLetters]);
}
