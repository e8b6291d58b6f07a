/** The big button that silences every microphone but the hosts'. */

import { useEffect, useMemo, useRef } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import type { HubClient } from "../../room/hub_client.ts";
import { Announcement } from "../../ui/shell.tsx";
import { useStore } from "../../ui/store.ts";
import { silenceShown } from "../asked.ts";
import { Hold } from "./hold.ts";

/** A click so soon after a finger went up is the same press. */
const SAME_PRESS_MS = 700;

/** The hand on the silence: one for the button and the key together. */
export class Silencer {
  private readonly hold = new Hold();

  constructor(private readonly hub: HubClient) {}

  press(): void {
    this.ask(this.hold.press(this.isOn, performance.now()));
  }

  release(): void {
    this.ask(this.hold.release(performance.now()));
  }

  cancel(): void {
    this.ask(this.hold.cancel());
  }

  toggle(): void {
    if (!this.hold.isHeld) this.ask(!this.isOn);
  }

  private get isOn(): boolean {
    const { view, waiting } = this.hub.room.value;
    return view !== null && silenceShown(view, waiting);
  }

  private ask(on: boolean | null): void {
    if (on !== null) this.hub.wish({ type: "silence_all", on });
  }
}

interface Props {
  hub: HubClient;
  silencer: Silencer;
}

export function SilenceButton({ hub, silencer }: Props) {
  const { say } = useWords();
  const isOn = useStore(
    hub.room,
    ({ view, waiting }) => view !== null && silenceShown(view, waiting),
  );
  const releasedMs = useRef(Number.NEGATIVE_INFINITY);
  const up = (how: "release" | "cancel") => () => {
    releasedMs.current = performance.now();
    silencer[how]();
  };
  useLostSight(useMemo(() => () => silencer.cancel(), [silencer]));
  return (
    <>
      <button
        type="button"
        class={`big silence ${isOn ? "is-on" : ""}`}
        aria-pressed={isOn}
        aria-keyshortcuts="S"
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          silencer.press();
        }}
        onPointerUp={up("release")}
        onPointerCancel={up("cancel")}
        onContextMenu={(event) => event.preventDefault()}
        onClick={() => {
          if (performance.now() - releasedMs.current > SAME_PRESS_MS) silencer.toggle();
        }}
      >
        <span class="next-word">{say("silence.title")}</span>
        <span class="next-who">{say(isOn ? "silence.lift" : "silence.hold")}</span>
      </button>
      <Announcement text={isOn ? say("silence.banner") : ""} />
    </>
  );
}

/** Nothing stays silent that nobody sees held: another tab, a locked phone, a lost window. */
function useLostSight(cancel: () => void): void {
  useEffect(() => {
    const look = () => {
      if (document.hidden) cancel();
    };
    window.addEventListener("blur", cancel);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("blur", cancel);
      document.removeEventListener("visibilitychange", look);
    };
  }, [cancel]);
}
