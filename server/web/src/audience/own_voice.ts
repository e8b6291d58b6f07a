/** Whether somebody speaks into this phone, and why not; pure but for `obstacleHere`. */

import type { Hand, Turn } from "../wire/messages.ts";

/** Why this page can have no microphone: plain http, or a browser inside an app that keeps it. */
export type Obstacle = "insecure" | "in_app";

/** Pages inside these apps are often never told whether the microphone may be used. */
const IN_APP = /FBA[NV]|Instagram|Line\/|MicroMessenger|Snapchat|LinkedInApp|musical_ly|; wv\)/;

export function isInApp(userAgent: string): boolean {
  return IN_APP.test(userAgent);
}

/** What stands in the way here; null: nothing that is known before the person is asked. */
export function obstacleHere(window: Window): Obstacle | null {
  if (!window.isSecureContext) return "insecure";
  if (isInApp(window.navigator.userAgent)) return "in_app";
  // TypeScript's library thinks that it is always there.
  const devices = window.navigator.mediaDevices as MediaDevices | undefined;
  return typeof devices?.getUserMedia === "function" ? null : "in_app";
}

/** Whether this hand or turn is spoken into this phone, and at no table. */
export function isOwnVoice(one: Hand | Turn | null, inHall: boolean): boolean {
  if (one === null || !one.speaks || one.in_hall || one.written || inHall) return false;
  const isLive = "state" in one && one.state === "live";
  return !isLive || (one.unit !== null && one.unit_name === null);
}
