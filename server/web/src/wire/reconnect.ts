/** When to try again after a lost connection; the twin of `parvis_wire/reconnect.py`. */

const FIRST_DELAYS_S = [0.25, 0.5];
const STEADY_DELAY_S = 1;
const STEADY_ATTEMPTS = 30;
const MAX_DELAY_S = 8;

/** Seconds to wait before attempt number `attempt` (0 = the first after the loss). */
export function delayS(attempt: number): number {
  const first = FIRST_DELAYS_S[attempt];
  if (first !== undefined) return first;
  const beyond = attempt - FIRST_DELAYS_S.length - STEADY_ATTEMPTS + 1;
  if (beyond <= 0) return STEADY_DELAY_S;
  return Math.min(STEADY_DELAY_S * 2 ** Math.min(beyond, 8), MAX_DELAY_S);
}

/**
 * `delayS` plus a share of the spread that the hub asked for, so that thousands do not collide.
 * `fraction` is a random number in [0, 1) drawn once by the caller; only the first attempt is
 * spread.
 */
export function spreadDelayS(attempt: number, spreadMs: number, fraction: number): number {
  return delayS(attempt) + (attempt === 0 ? (spreadMs / 1000) * fraction : 0);
}
