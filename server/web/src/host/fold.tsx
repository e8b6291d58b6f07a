/** A card that shows its heading, and the rest when it is wanted. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

interface Props {
  title: string;
  /** In a few words what is inside, or how it stands. */
  hint: string;
  class?: string;
  children: () => ComponentChildren;
}

export function Fold({ title, hint, class: more = "", children }: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      class={`card fold ${more}`}
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <h2>{title}</h2>
        <span class="soft">{hint}</span>
      </summary>
      {isOpen && <div class="fold-inside">{children()}</div>}
    </details>
  );
}

interface MoreProps {
  /** Of whom the acts are. */
  name: string;
  label: string;
  isOpen: boolean;
  controls: string;
  onToggle: () => void;
}

/** The button of a row's further acts. */
export function MoreButton({ name, label, isOpen, controls, onToggle }: MoreProps) {
  return (
    <button
      type="button"
      class="small more"
      aria-expanded={isOpen}
      aria-controls={controls}
      aria-label={`${label}: ${name}`}
      onClick={onToggle}
    >
      <span aria-hidden="true">⋯</span>
    </button>
  );
}
