/** The rooms of the hub, and the way to the console of each. */

import { useState } from "preact/hooks";
import { Fold } from "../host/fold.tsx";
import { useWords } from "../i18n/words.ts";
import { type ManagedRoom, readHostPath } from "./answers.ts";
import { part } from "./api.ts";
import type { OperatorDesk } from "./desk.ts";

interface Props {
  desk: OperatorDesk;
  rooms: readonly ManagedRoom[];
}

export function Consoles({ desk, rooms }: Props) {
  const { say, language } = useWords();
  return (
    <Fold title={say("consoles.title")} hint={rooms.length.toLocaleString(language)}>
      {() => (
        <ul class="rows">
          {rooms.map((room) => (
            <Row key={room.room} desk={desk} room={room} />
          ))}
        </ul>
      )}
    </Fold>
  );
}

/** The link's secret is asked for at the tap, and never stands on this page. */
function Row({ desk, room }: { desk: OperatorDesk; room: ManagedRoom }) {
  const { say } = useWords();
  const [hasFailed, setFailed] = useState(false);
  const { title } = room;
  const open = async () => {
    const answer = await desk.ask("POST", `rooms/${part(room.room)}/links`, { kind: "host" });
    const path = "is" in answer ? readHostPath(answer.is) : null;
    setFailed(path === null);
    if (path !== null) location.assign(path);
  };
  return (
    <li class="session">
      <div class="who">
        <h3>{title}</h3>
      </div>
      <button
        type="button"
        class="small plain"
        aria-label={say("consoles.open_name", { title })}
        onClick={() => void open()}
      >
        {say("consoles.open")}
      </button>
      <p class="refused" role="alert">
        {hasFailed && say("consoles.failed")}
      </p>
    </li>
  );
}
