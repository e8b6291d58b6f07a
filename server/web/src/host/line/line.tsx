/** The line of raised hands, in one order for everybody. */

import { useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { RoomView } from "../../wire/messages.ts";
import { roughly, sinceMs } from "../clock.ts";
import { useNowMs } from "../now.ts";
import { HandRow } from "./hand.tsx";
import { LONG_WAIT_MS } from "./news.ts";

interface Props {
  hub: HubClient;
  view: RoomView;
}

export function HostLine({ hub, view }: Props) {
  const { say } = useWords();
  const [dragged, setDragged] = useState<string | null>(null);
  return (
    <section class="card" aria-labelledby="line">
      <h2 id="line">
        {say("line.title")}
        {view.line.length > 0 && <span class="count">{view.line.length}</span>}
      </h2>
      {view.line.length === 0 && (
        <p class="soft">{say(view.rules.takes_hands ? "host.line_empty" : "host.line_shut")}</p>
      )}
      <Nudge hub={hub} view={view} />
      <ol class="hands">
        {view.line.map((hand, index) => (
          <HandRow
            key={hand.participant}
            hub={hub}
            hand={hand}
            place={index + 1}
            count={view.line.length}
            onDrag={setDragged}
            onDrop={() => {
              if (dragged === null || dragged === hand.participant) return;
              hub.wish({ type: "move_hand", participant: dragged, place: index + 1 });
            }}
          />
        ))}
      </ol>
    </section>
  );
}

/** One sentence when the foremost hand has waited long: nobody is forgotten. */
function Nudge({ hub, view }: Props) {
  const { say, language } = useWords();
  const nowMs = useNowMs();
  const clock = useStore(hub.room, (room) => room.clock);
  const [first] = view.line;
  const waitMs = first === undefined ? null : sinceMs(clock, first.raised_at, nowMs);
  if (first === undefined || waitMs === null || waitMs < LONG_WAIT_MS) return null;
  return (
    <p class="nudge">
      {say("line.nudge", { name: first.name, time: roughly(say, language, waitMs) })}
    </p>
  );
}
