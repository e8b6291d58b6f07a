/** The square at evening: the building whose door is the button, and whose light is the sound. */

import { useEffect, useRef } from "preact/hooks";
import type { AudioState } from "../audio/lifecycle.ts";
import { useWords } from "../i18n/words.ts";
import type { RoomState } from "../room/hub_client.ts";
import { glowOf } from "../room/talkers.ts";
import type { Store } from "../ui/store.ts";

interface Props {
  audio: AudioState;
  room: Store<RoomState>;
  onTap: () => void;
  onStop: () => void;
}

/** The scene with the door in its middle. */
export function Portal({ audio, room, onTap, onStop }: Props) {
  const { say } = useWords();
  const scene = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let shown = -1;
    return room.follow(() => {
      const glow = glowOf(room.value.talkers);
      if (glow !== shown) scene.current?.style.setProperty("--glow", String(glow));
      shown = glow;
    });
  }, [room]);
  const isOpen = audio === "live";
  const isStopping = isOpen || audio === "starting" || audio === "interrupted";
  const again = audio === "suspended" || audio === "frozen" || audio === "failed";
  const name = isStopping ? "listen.stop" : again ? "listen.again" : "listen.start";
  const label = isStopping ? "listen.stop_short" : again ? "listen.again_short" : "listen.start";
  return (
    <div class={`scene ${isOpen ? "is-open" : ""}`} ref={scene}>
      <Square />
      <button
        type="button"
        class="door"
        aria-label={say(name)}
        aria-pressed={isStopping}
        onClick={isStopping ? onStop : onTap}
      >
        <span class="door-glow" aria-hidden="true" />
        <svg class="door-sign" viewBox="0 0 24 24" aria-hidden="true">
          {isStopping ? <path d="M6.500 6.500h11v11h-11z" /> : <path d="M8 5.200v13.600L19 12z" />}
        </svg>
        <span class="door-label">{say(label)}</span>
      </button>
    </div>
  );
}

const PETALS = Array.from({ length: 12 }, (_, i) => i * 30);

/** Sky, façade, square and a few people, drawn here so that it follows the colours of the page. */
function Square() {
  return (
    <svg
      class="square"
      viewBox="0 0 360 320"
      aria-hidden="true"
      preserveAspectRatio="xMidYMax slice"
    >
      <radialGradient id="sun">
        <stop class="sun-heart" offset="0.2" />
        <stop class="sun-rim" offset="1" />
      </radialGradient>
      <circle fill="url(#sun)" cx="180" cy="196" r="190" />
      <g class="far">
        <path d="M-60 250V206h34v-16h30v10h26v50zM420 250v-52h-28v-14h-34v12h-26v54z" />
      </g>
      <g class="stone">
        <path d="M40 250V78l27-24 27 24v172zM266 250V78l27-24 27 24v172z" />
        <path class="stone-front" d="M78 250V112h16l86-72 86 72h16v138z" />
      </g>
      <g class="windows">
        <path d="M58 118v-14a9 9 0 0 1 18 0v14zM284 118v-14a9 9 0 0 1 18 0v14z" />
        <path d="M60 170v-18a7 7 0 0 1 14 0v18zM286 170v-18a7 7 0 0 1 14 0v18z" />
        <path d="M92 250v-44a15 15 0 0 1 30 0v44zM238 250v-44a15 15 0 0 1 30 0v44z" />
      </g>
      <g class="rose">
        <circle cx="180" cy="96" r="24" />
        {PETALS.map((angle) => (
          <path
            key={angle}
            d="M180 96l-3.200 -19a3.200 3.200 0 0 1 6.400 0z"
            transform={`rotate(${angle} 180 96)`}
          />
        ))}
        <circle class="rose-heart" cx="180" cy="96" r="5" />
      </g>
      <path class="cornice" d="M78 132h204v3H78zM36 128h58v3H36zM266 128h58v3h-58z" />
      <path class="ground" d="M-80 250h520v80H-80z" />
      <g class="paving">
        <path d="M-80 262h520M-80 279h520M-80 302h520" />
        <path d="M30 250-60 320M80 250 30 320M280 250l50 70M330 250l90 70M180 250v70" />
      </g>
      <path class="light-on-ground" d="M128 250h104l74 70H54z" />
      <g class="people">
        <path d="M40 281v-9a4 4 0 0 1 8 0v9zM44 266.500a2.600 2.600 0 1 1 .1 0z" />
        <path d="M54 283v-9a4 4 0 0 1 8 0v9zM58 268.500a2.600 2.600 0 1 1 .1 0z" />
        <path d="M304 279v-9a4 4 0 0 1 8 0v9zM308 264.500a2.600 2.600 0 1 1 .1 0z" />
        <path d="M286 296v-11a5 5 0 0 1 10 0v11zM291 278a3.200 3.200 0 1 1 .1 0z" />
      </g>
    </svg>
  );
}
