/** No more hands of somebody; or out of the room altogether, until a host takes it back. */

import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";

interface Props {
  hub: HubClient;
  participant: string;
  name: string;
  onDone?: (() => void) | undefined;
}

export function BlockButtons({ hub, participant, name, onDone }: Props) {
  const { say } = useWords();
  return (
    <>
      <button
        type="button"
        class="small danger"
        aria-label={say("host.block_name", { name })}
        onClick={() => {
          hub.wish({ type: "block", participant });
          onDone?.();
        }}
      >
        {say("host.block")}
      </button>
      <OutButton hub={hub} participant={participant} name={name} onDone={onDone} />
    </>
  );
}

export function OutButton({ hub, participant, name, onDone }: Props) {
  const { say } = useWords();
  return (
    <button
      type="button"
      class="small danger"
      aria-label={say("host.out_name", { name })}
      onClick={() => {
        hub.wish({ type: "block", participant, out: true });
        onDone?.();
      }}
    >
      {say("host.out")}
    </button>
  );
}
