/** Play, skip, speed, share; and the keys that do the same. */

import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n/words.ts";
import { Announcement } from "../ui/shell.tsx";
import { useStore } from "../ui/store.ts";
import { type Act, actOf } from "./keys.ts";
import { RATES, type ReplayPlayer } from "./player.ts";
import { shareMoment } from "./share.ts";
import { clock, linkTo } from "./timeline.ts";

interface ControlsProps {
  player: ReplayPlayer;
  skip: (by: 1 | -1) => void;
}

export function Controls({ player, skip }: ControlsProps) {
  const { say } = useWords();
  const state = useStore(player.store, (now) => now.state);
  const rate = useStore(player.store, (now) => now.rate);
  const [told, setTold] = useState("");
  const [link, setLink] = useState<{ address: string; time: string } | null>(null);
  const share = async () => {
    const { at_ms } = player.store.value;
    const address = linkTo(location.href, at_ms);
    const time = clock(at_ms);
    const done = await shareMoment(address, document.title, navigator);
    setLink(done === "nothing" ? { address, time } : null);
    setTold(done === "copied" ? say("replay.copied", { time }) : "");
  };
  useKeys((act) => carryOut(act, player, skip, share));
  const isOn = state === "playing" || state === "waiting";
  return (
    <>
      <div class="controls">
        <button type="button" class="small" onClick={() => skip(-1)}>
          <Skip back />
          <span class="visually-hidden">{say("replay.previous")}</span>
        </button>
        <button
          type="button"
          class="primary play"
          disabled={state === "failed"}
          onClick={() => player.toggle()}
        >
          {say(state === "waiting" ? "replay.waiting" : isOn ? "replay.pause" : "replay.play")}
        </button>
        <button type="button" class="small" onClick={() => skip(1)}>
          <Skip />
          <span class="visually-hidden">{say("replay.next")}</span>
        </button>
      </div>
      <div class="controls">
        <label class="speed">
          {say("replay.speed")}{" "}
          <select
            value={rate}
            onChange={(event) => player.setRate(Number(event.currentTarget.value))}
          >
            {RATES.map((one) => (
              <option key={one} value={one}>
                {say("replay.speed_value", { rate: one })}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="quiet" onClick={share}>
          {say("replay.share")}
        </button>
      </div>
      {link !== null && (
        <label>
          {say("replay.copy_this", { time: link.time })}
          <input readOnly value={link.address} onFocus={(event) => event.currentTarget.select()} />
        </label>
      )}
      {told !== "" && <p class="soft">{told}</p>}
      <Announcement text={told} />
      <p class="soft keys">{say("replay.keys")}</p>
    </>
  );
}

/** Two triangles and a bar; drawn, since fonts lack the sign. */
function Skip({ back = false }: { back?: boolean }) {
  return (
    <svg class={back ? "skip is-back" : "skip"} viewBox="0 0 20 20" aria-hidden="true">
      <path d="M2 3v14l7-7zM9 3v14l7-7zM16 3h2v14h-2z" />
    </svg>
  );
}

function carryOut(
  act: Act,
  player: ReplayPlayer,
  skip: (by: 1 | -1) => void,
  share: () => void,
): void {
  switch (act.act) {
    case "toggle":
      return player.toggle();
    case "by":
      return player.seek(player.store.value.at_ms + act.ms);
    case "next":
      return skip(1);
    case "previous":
      return skip(-1);
    case "faster":
      return player.step(1);
    case "slower":
      return player.step(-1);
    case "share":
      return share();
  }
}

/** Keys of the whole page, as far as the focused control leaves them. */
function useKeys(act: (act: Act) => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const isRange = target instanceof HTMLInputElement && target.type === "range";
      const on = isRange ? "range" : target.tagName.toLowerCase();
      const { key, altKey, ctrlKey, metaKey } = event;
      const found = actOf({ key, altKey, ctrlKey, metaKey, on });
      if (found === null) return;
      event.preventDefault();
      act(found);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  });
}
