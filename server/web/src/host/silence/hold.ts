/**
 * The silence button: held, the room is silent as long as it is held; tapped, until the next tap.
 *
 * A tap is what keyboards and screen readers can do too, so nobody needs a second button.
 */

/** Shorter is a tap. */
export const TAP_MS = 350;

export class Hold {
  private pressedMs: number | null = null;
  private wasOn = false;

  get isHeld(): boolean {
    return this.pressedMs !== null;
  }

  /** Finger or key down, while the silence is on or not; what to ask of the hub, null: nothing. */
  press(isOn: boolean, nowMs: number): boolean | null {
    if (this.pressedMs !== null) return null;
    this.pressedMs = nowMs;
    this.wasOn = isOn;
    return isOn ? null : true;
  }

  /** And up again: a tap leaves it on, and takes away what was on before. */
  release(nowMs: number): boolean | null {
    if (this.pressedMs === null) return null;
    const isTap = nowMs - this.pressedMs < TAP_MS;
    this.pressedMs = null;
    if (this.wasOn) return false;
    return isTap ? null : false;
  }

  /** The page lost sight of the finger: nothing stays silent that nobody sees held. */
  cancel(): boolean | null {
    if (this.pressedMs === null) return null;
    this.pressedMs = null;
    return this.wasOn ? null : false;
  }
}
