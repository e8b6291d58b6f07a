/** Under the door: how the sound is, in words, how far behind, and another way to hear it. */

import type { Player } from "../audio/player.ts";
import { useWords } from "../i18n/words.ts";
import type { HubClient } from "../room/hub_client.ts";
import { isAudible } from "../room/talkers.ts";
import { useStore } from "../ui/store.ts";
import { stateWords } from "./state_words.ts";

/** Bluetooth adds this and more; a phone's own loudspeaker far less. */
const NOTICEABLE_DEVICE_MS = 150;

interface Props {
  hub: HubClient;
  player: Player;
  /** Whether there is a plain stream of this room. */
  hasMp3: boolean;
}

export function SoundStatus({ hub, player, hasMp3 }: Props) {
  const { say } = useWords();
  const audio = useStore(player.store, (now) => now.state);
  const hasSound = useStore(player.store, (now) => now.figures.playedMs > 0);
  const isLost = useStore(player.store, (now) => now.figures.playout === "reconnecting");
  const link = useStore(hub.room, (room) => room.link);
  const hasJoined = useStore(hub.room, (room) => room.view !== null);
  const isVenueAway = useStore(hub.room, (room) => !room.isVenueReached);
  const hasVoice = useStore(hub.room, (room) => room.talkers.some((t) => isAudible(t.level_dbov)));
  const words = stateWords({ audio, link, hasJoined, hasSound, isLost, isVenueAway, hasVoice });
  return (
    <div class="status">
      <p class="state" role="status" aria-live="polite">
        <span class={`dot is-${audio} link-${link}`} aria-hidden="true" />
        {say(words)}
      </p>
      {audio === "live" && <Delay player={player} />}
      {audio !== "idle" && hasMp3 && <Choice player={player} />}
    </div>
  );
}

function Delay({ player }: { player: Player }) {
  const { say, language } = useWords();
  const rung = useStore(player.store, (now) => now.rung);
  // Whole tenths, so that the words change only when they say something new.
  const tenths = useStore(player.store, (now) =>
    now.totalDelayMs === null ? null : Math.max(1, Math.round(now.totalDelayMs / 100)),
  );
  const deviceTenths = useStore(player.store, (now) => Math.round(now.deviceDelayMs / 100));
  const seconds = (value: number) =>
    (value / 10).toLocaleString(language, { minimumFractionDigits: 1 });
  if (rung === "mp3") return <p class="soft">{say("delay.mp3")}</p>;
  if (tenths === null) return null;
  return (
    <p class="soft delay">
      {say("delay.value", { seconds: seconds(tenths) })}{" "}
      {deviceTenths * 100 > NOTICEABLE_DEVICE_MS &&
        say("delay.bluetooth", { seconds: seconds(deviceTenths) })}
    </p>
  );
}

function Choice({ player }: { player: Player }) {
  const { say } = useWords();
  const isMp3 = useStore(player.store, (now) => now.rung === "mp3");
  return (
    <div class="choice">
      <button type="button" class="quiet" onClick={() => player.preferMp3(!isMp3)}>
        {say(isMp3 ? "options.direct" : "options.mp3")}
      </button>
      <p class="soft">{say(isMp3 ? "options.direct_hint" : "options.mp3_hint")}</p>
    </div>
  );
}
