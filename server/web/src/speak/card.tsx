/** In the line: the offer to test one's microphone, the test, and the ways on when there is none. */

import { useState } from "preact/hooks";
import type { Presence } from "../audience/presence.ts";
import type { Player } from "../audio/player.ts";
import { useWords, type WordKey } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { useStore } from "../ui/store.ts";
import { Check } from "./check.tsx";
import type { Refusal } from "./microphone.ts";
import { roomAddress } from "./room_address.ts";
import type { Speaking } from "./speaking.ts";

/** What the ways on need. */
export interface Way {
  hub: HubClient;
  player: Player;
  presence: Presence;
  link: { room: string; secret: string | null };
}

export function Card({ speaking, way }: { speaking: Speaking; way: Way }) {
  const state = useStore(speaking.store, (now) => now.state);
  return (
    <section class="card voice" aria-labelledby="voice">
      <Inside speaking={speaking} way={way} state={state} />
    </section>
  );
}

interface InsideProps {
  speaking: Speaking;
  way: Way;
  state: string;
}

function Inside({ speaking, way, state }: InsideProps) {
  const { say } = useWords();
  switch (state) {
    case "idle":
      return (
        <>
          <h2 id="voice">{say("voice.explain_title")}</h2>
          <p>{say("voice.offer")}</p>
          <button type="button" class="big" onClick={() => speaking.tap("begin")}>
            {say("voice.test")}
          </button>
        </>
      );
    case "explaining":
      return (
        <>
          <h2 id="voice">{say("voice.explain_title")}</h2>
          <Explanation />
          <button type="button" class="big primary" onClick={() => speaking.tap("accept")}>
            {say("voice.open")}
          </button>
          <Back speaking={speaking} />
        </>
      );
    case "asking":
      return (
        <>
          <h2 id="voice">{say("voice.explain_title")}</h2>
          <p role="status">{say("voice.asking")}</p>
          <Back speaking={speaking} />
        </>
      );
    case "refused":
      return <Refused speaking={speaking} way={way} />;
    case "checking":
      return (
        <>
          <Check speaking={speaking} />
          <button type="button" class="big primary" onClick={() => speaking.tap("done")}>
            {say("voice.done")}
          </button>
        </>
      );
    default:
      return (
        <>
          <h2 id="voice">{say("voice.explain_title")}</h2>
          <p role="status">{say("voice.ready")}</p>
          <button type="button" class="quiet" onClick={() => speaking.tap("begin")}>
            {say("voice.again")}
          </button>
        </>
      );
  }
}

/** What will happen, before anything is asked. */
export function Explanation() {
  const { say } = useWords();
  return (
    <ol class="voice-steps">
      <li>{say("voice.explain_ask")}</li>
      <li>{say("voice.explain_private")}</li>
      <li>{say("voice.explain_headphones")}</li>
    </ol>
  );
}

function Back({ speaking }: { speaking: Speaking }) {
  const { say } = useWords();
  return (
    <button type="button" class="quiet" onClick={() => speaking.tap("leave")}>
      {say("voice.back")}
    </button>
  );
}

const WHY: Record<Refusal, WordKey> = {
  denied: "voice.no_denied",
  missing: "voice.no_missing",
  busy: "voice.no_busy",
  silent: "voice.no_silent",
  in_app: "voice.no_in_app",
  lost: "voice.no_lost",
  no_encoder: "voice.no_encoder",
};

/** Why there is no microphone, and every way on: again, elsewhere, at a table, or not at all. */
export function Refused({ speaking, way }: { speaking: Speaking; way: Way }) {
  const { say } = useWords();
  const refusal = useStore(speaking.store, (now) => now.refusal) ?? "denied";
  const { hub, player, presence } = way;
  const goToTable = () => {
    player.stop();
    presence.setInHall(true);
  };
  return (
    <>
      <h2 id="voice">{say("voice.no_title")}</h2>
      <p role="alert">{say(WHY[refusal])}</p>
      {refusal !== "no_encoder" && (
        <button type="button" class="big primary" onClick={() => speaking.tap("accept")}>
          {say("voice.retry")}
        </button>
      )}
      <CopyLink way={way} />
      <button type="button" class="quiet" onClick={goToTable}>
        {say("voice.in_hall")}
      </button>
      {speaking.turn === null && (
        <button type="button" class="quiet" onClick={() => hub.wish({ type: "lower_hand" })}>
          {say("voice.lower")}
        </button>
      )}
    </>
  );
}

function CopyLink({ way: { link } }: { way: Way }) {
  const { say } = useWords();
  const [address, setAddress] = useState<string | null>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    const text = roomAddress(location.origin, link.room, link.secret);
    const isDone = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    setCopied(isDone);
    // Where nothing may be copied, it can be marked and copied by hand.
    if (!isDone) setAddress(text);
  };
  return (
    <>
      <button type="button" class="quiet" onClick={() => void copy()}>
        {say("voice.copy")}
      </button>
      <p class="soft voice-copied" role="status">
        {isCopied ? say("voice.copied") : (address ?? "")}
      </p>
    </>
  );
}
