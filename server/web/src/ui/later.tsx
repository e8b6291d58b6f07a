/**
 * A part of a page that the first load does without: fetched once the page has come to rest, or
 * when it is wanted before. A hub that is away for a moment is asked again.
 */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

const REST_MS = 2000;
const AGAIN_MS = 2000;

export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let part: ComponentType<Props> | null = null;
  const fetchPart = async () => {
    part ??= await load().catch(() => null);
  };
  globalThis.setTimeout?.(fetchPart, REST_MS);
  return (props: Props) => {
    const [, draw] = useState(0);
    useEffect(() => {
      let timer = 0;
      const look = async () => {
        await fetchPart();
        if (part === null) timer = window.setTimeout(look, AGAIN_MS);
        else draw(1);
      };
      if (part === null) void look();
      return () => window.clearTimeout(timer);
    }, []);
    const Part = part;
    return Part === null ? null : <Part {...props} />;
  };
}
