/** Who runs the room, in the order in which they take over, and stepping down. */

import { useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { useStore } from "../../ui/store.ts";
import type { RoomView } from "../../wire/messages.ts";
import { Confirm } from "../confirm.tsx";
import { type Runner, rankOf, runners } from "./heirs.ts";

interface Props {
  hub: HubClient;
  view: RoomView;
}

export function Hosts({ hub, view }: Props) {
  const { say } = useWords();
  const me = useStore(hub.room, (room) => room.participant);
  const isHost = rankOf(view, me) === "host";
  return (
    <section aria-labelledby="hosts">
      <h3 id="hosts">{say("hosts.title")}</h3>
      <p class="soft">{say("hosts.hint")}</p>
      <ul class="named">
        {runners(view, me).map((runner) => (
          <HostRow key={runner.host.participant} hub={hub} runner={runner} isHost={isHost} />
        ))}
      </ul>
      <StepDown hub={hub} me={me} />
    </section>
  );
}

function HostRow({ hub, runner, isHost }: { hub: HubClient; runner: Runner; isHost: boolean }) {
  const { say } = useWords();
  const { participant, rank } = runner.host;
  const name = runner.host.name ?? say(rank === "host" ? "hosts.a_host" : "hosts.a_cohost");
  const told = [
    runner.isMe ? say("line.you") : "",
    runner.heir === null ? say("hosts.host") : say("hosts.heir", { place: runner.heir }),
    runner.isActing ? say("hosts.acting") : "",
  ].filter((word) => word !== "");
  return (
    <li class="person">
      <span class="person-name">
        {name} <span class="soft">{told.join(" · ")}</span>
      </span>
      {isHost && !runner.isMe && (
        <span class="row-acts">
          {rank === "cohost" && (
            <button
              type="button"
              class="small"
              aria-label={say("hosts.make_host_name", { name })}
              onClick={() => hub.wish({ type: "set_rank", participant, rank: "host" })}
            >
              {say("hosts.make_host")}
            </button>
          )}
          <button
            type="button"
            class="small"
            aria-label={say("hosts.remove_name", { name })}
            onClick={() => hub.wish({ type: "set_rank", participant, rank: null })}
          >
            {say("hosts.remove")}
          </button>
        </span>
      )}
    </li>
  );
}

function StepDown({ hub, me }: { hub: HubClient; me: string | null }) {
  const { say } = useWords();
  const [isAsking, setAsking] = useState(false);
  const isRefused = useStore(hub.room, ({ refused }) => refused?.code === "last_host");
  const isOff = me === null;
  return (
    <>
      {isAsking ? (
        <Confirm
          question={say("hosts.step_down_question")}
          yes={say("hosts.step_down")}
          no={say("hosts.stay")}
          onAnswer={(isSure) => {
            setAsking(false);
            if (isSure && me !== null) hub.wish({ type: "set_rank", participant: me, rank: null });
          }}
        />
      ) : (
        <button
          type="button"
          class="small quiet"
          aria-disabled={isOff}
          onClick={() => setAsking(!isOff)}
        >
          {say("hosts.step_down")}
        </button>
      )}
      {isRefused && <p class="warning">{say("hosts.last_host")}</p>}
    </>
  );
}
