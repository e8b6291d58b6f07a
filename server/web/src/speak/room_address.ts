/** The address of a room, with the secret that the address bar no longer shows. */

export function roomAddress(origin: string, room: string, secret: string | null): string {
  const path = `${origin}/r/${encodeURIComponent(room)}`;
  return secret === null ? path : `${path}#k=${secret}`;
}
