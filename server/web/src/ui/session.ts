/** What both pages are built on: one connection, one player, and the events that wake them. */

import icon from "../assets/icon-512.png";
import { exposeDiagnostics } from "../audio/diagnostics.ts";
import { followMediaSession } from "../audio/media_session.ts";
import { Player } from "../audio/player.ts";
import { HubClient, hubOrigin } from "../room/hub_client.ts";
import { tabStorage } from "./fragment.ts";

export interface Session {
  hub: HubClient;
  player: Player;
}

interface Opening {
  role: "listener" | "host";
  room: string;
  hostSecret: string | null;
  /** The secret of an invitation's link, or of a private room's. */
  invite?: string | null;
}

/** Connects, and puts everything on its wires. Each page names its worker, and loads no other's. */
export function openSession(opening: Opening, worker: Worker): Session {
  const hub = new HubClient(opening.role === "listener" ? tabStorage() : null, worker);
  const player = new Player(hub, opening.room);
  hub.open({ origin: hubOrigin(location), invite: null, ...opening });
  wake(hub, player);
  followMediaSession(player, () => hub.room.value.view?.title ?? "Parvis", icon);
  exposeDiagnostics(() => {
    const { figures, figuresAtMs, ...shown } = player.store.value;
    return {
      ...figures,
      rung: shown.rung,
      state: shown.state,
      link: hub.room.value.link,
      totalDelayMs: shown.totalDelayMs,
      tapToSoundMs: shown.tapToSoundMs,
      sampleClockAtMs: figuresAtMs,
      outputRate: shown.outputRate,
      isSecureContext: window.isSecureContext,
      participant: hub.room.value.participant,
    };
  });
  return { hub, player };
}

/** A phone that was unlocked, a tab that came back, another network: look at once. */
function wake(hub: HubClient, player: Player): void {
  const refresh = () => {
    if (document.hidden) return;
    hub.refresh();
    player.resync();
  };
  document.addEventListener("visibilitychange", refresh);
  window.addEventListener("pageshow", refresh);
  window.addEventListener("online", refresh);
  // A page that is kept for the way back hears nothing: it is no listener until then.
  window.addEventListener("pagehide", () => hub.rest());
  // Only in a secure context; another headset may have another clock.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  devices?.addEventListener("devicechange", refresh);
}
