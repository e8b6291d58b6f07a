/** The worker of a listener's page, which may hear the room at an edge. */

import { Connection } from "./connection.ts";
import type { Joining, Socket } from "./connection_parts.ts";
import { EdgeGuide, type GuideWorld } from "./guide.ts";
import { placesOf } from "./places.ts";
import { serve, WORLD } from "./worker_body.ts";

/** In the place of a socket that the browser does not even try to open. */
function noSocket(): Socket {
  const socket: Socket = {
    binaryType: "arraybuffer",
    onopen: null,
    onmessage: null,
    onclose: null,
    send: () => {},
    close: () => {},
  };
  setTimeout(() => socket.onclose?.(new CloseEvent("close", { code: 1006 })), 0);
  return socket;
}

/** Safari throws where others close: an address that the page's policy forbids. */
function openSocket(url: string): Socket {
  try {
    return WORLD.openSocket(url);
  } catch {
    return noSocket();
  }
}

/** What the page's own host says; no places where it says that there are none. */
async function askPlaces({ origin, room }: Joining): Promise<string[] | null> {
  const hub = origin.replace(/^ws/, "http");
  try {
    const path = `/api/v1/rooms/${encodeURIComponent(room)}/edges`;
    const response = await fetch(hub + path, { cache: "no-store", credentials: "omit" });
    if (response.status >= 500) return null;
    return response.ok ? placesOf(await response.json(), origin) : [];
  } catch {
    return null; // nobody there, or not JSON
  }
}

serve((joining, news) => {
  const world: GuideWorld = {
    ...WORLD,
    openSocket,
    askPlaces: (told) => void askPlaces(joining).then(told),
  };
  return new Connection(
    joining,
    world,
    news,
    (guided) => new EdgeGuide(guided, joining.origin, world),
  );
});
