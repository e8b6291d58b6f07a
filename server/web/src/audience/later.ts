/** A part of the page that is loaded only where it is wanted. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/** The part once it is here; asked for again when `occasion` changes, should the network fail. */
export function useLater<Props>(
  isWanted: boolean,
  occasion: unknown,
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> | null {
  const [part, setPart] = useState<{ Part: ComponentType<Props> } | null>(null);
  useEffect(() => {
    if (!isWanted || part !== null) return;
    load().then(
      (Part) => setPart({ Part }),
      () => {},
    );
  }, [isWanted, occasion, part]);
  return part?.Part ?? null;
}
