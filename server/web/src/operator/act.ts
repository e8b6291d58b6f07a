/** One act at a time, and why it was refused. */

import { useState } from "preact/hooks";
import type { Fault } from "./api.ts";

export interface Doing {
  isBusy: boolean;
  fault: Fault | null;
  /** Does it, unless something is being done; what follows is for a success. */
  run: (does: () => Promise<Fault | null>, then?: () => void) => void;
  forgive: () => void;
}

export function useAct(): Doing {
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<Fault | null>(null);
  const run: Doing["run"] = async (does, then) => {
    if (isBusy) return;
    setBusy(true);
    setFault(null);
    const refused = await does();
    setBusy(false);
    setFault(refused);
    if (refused === null) then?.();
  };
  return { isBusy, fault, run, forgive: () => setFault(null) };
}
