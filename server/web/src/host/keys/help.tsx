/** What the keys do, and whether letters do anything: speech input types letters too. */

import { useWords } from "../../i18n/words.ts";
import { Switch } from "../rules/rules.tsx";

interface Props {
  hasLetters: boolean;
  onLetters: (hasLetters: boolean) => void;
  rings: boolean;
  onRings: (rings: boolean) => void;
  isOpen: boolean;
  onToggle: (isOpen: boolean) => void;
}

const KEYS = [
  ["N", "keys.next"],
  ["S", "keys.silence"],
  ["U", "keys.undo"],
  ["?", "keys.help"],
] as const;

export function Help({ hasLetters, onLetters, rings, onRings, isOpen, onToggle }: Props) {
  const { say } = useWords();
  return (
    <details
      class="card fold"
      open={isOpen}
      onToggle={(event) => onToggle(event.currentTarget.open)}
    >
      <summary id="help">
        <h2>{say("keys.title")}</h2>
        <span class="soft">{say("keys.hint")}</span>
      </summary>
      <div class="fold-inside">
        <Switch word="keys.rings" isOn={rings} onFlip={onRings} />
        <Switch word="keys.letters" isOn={hasLetters} onFlip={onLetters} />
        <dl class="keys">
          {KEYS.map(([key, word]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{say(word)}</dd>
            </div>
          ))}
        </dl>
      </div>
    </details>
  );
}
