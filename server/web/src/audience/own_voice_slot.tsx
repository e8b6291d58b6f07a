/** The place of one's own voice: loads that part of the page once one's hand may be spoken here. */

import type { PartProps } from "../speak/part.tsx";
import { useStore } from "../ui/store.ts";
import { useLater } from "./later.ts";
import { isOwnVoice } from "./own_voice.ts";
import { TurnBanner } from "./turn.tsx";

export function OwnVoice(props: PartProps) {
  const { hub, presence, view, hand, turn } = props;
  const inHall = useStore(presence.store, (now) => now.inHall);
  const isWanted = isOwnVoice(turn ?? hand, inHall);
  const Part = useLater(isWanted, turn !== null, async () => {
    const loaded = await import("../speak/part.tsx");
    return loaded.Part;
  });
  const isBanner = turn !== null && (Part === null || !isOwnVoice(turn, inHall));
  return (
    <>
      {isBanner && <TurnBanner turn={turn} hub={hub} turnS={view.rules.turn_s ?? null} />}
      {Part !== null && <Part {...props} />}
    </>
  );
}
