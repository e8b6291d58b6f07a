/** Why a WebSocket was closed; the twin of `parvis_wire/close_codes.py`. */

export const CLOSE_CODES = {
  goingAway: 1001,
  tooBig: 1009,
  malformed: 4000,
  unauthorised: 4001,
  joinTimeout: 4002,
  forbidden: 4003,
  version: 4005,
  slow: 4008,
  roomClosed: 4009,
  superseded: 4010,
  rate: 4029,
  /** Never on the wire: this side could not use what came, or missed a change. */
  malformedHere: 4900,
  /** Never on the wire: the hub was silent for too long. */
  silentHere: 4901,
} as const;

const FINAL: ReadonlySet<number> = new Set([
  CLOSE_CODES.tooBig,
  CLOSE_CODES.malformed,
  CLOSE_CODES.unauthorised,
  CLOSE_CODES.forbidden,
  CLOSE_CODES.version,
  CLOSE_CODES.roomClosed,
  CLOSE_CODES.superseded,
]);

/** Whether the page may try again by itself. Codes that are not ours come from the network. */
export function isRetryable(code: number): boolean {
  return !FINAL.has(code);
}
