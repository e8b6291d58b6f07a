/** What each key does. Pure; keys that a control needs itself are left to it. */

export type Act =
  | { act: "toggle" }
  | { act: "by"; ms: number }
  | { act: "next" }
  | { act: "previous" }
  | { act: "faster" }
  | { act: "slower" }
  | { act: "share" };

const ACTS: Readonly<Record<string, Act>> = {
  " ": { act: "toggle" },
  k: { act: "toggle" },
  ArrowLeft: { act: "by", ms: -5000 },
  ArrowRight: { act: "by", ms: 5000 },
  j: { act: "by", ms: -15000 },
  l: { act: "by", ms: 15000 },
  n: { act: "next" },
  p: { act: "previous" },
  ">": { act: "faster" },
  "<": { act: "slower" },
  s: { act: "share" },
};

export interface Pressed {
  key: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  /** Lower case name of the element that has the focus; `range` for a slider. */
  on: string;
}

/** Null: the key is the browser's, or the focused control's. */
export function actOf({ key, altKey, ctrlKey, metaKey, on }: Pressed): Act | null {
  if (altKey || ctrlKey || metaKey) return null;
  if (on === "input" || on === "select" || on === "textarea") return null;
  if (on === "range" && key.startsWith("Arrow")) return null;
  if (key === " " && (on === "button" || on === "summary" || on === "a")) return null;
  return ACTS[key.length === 1 ? key.toLowerCase() : key] ?? null;
}
