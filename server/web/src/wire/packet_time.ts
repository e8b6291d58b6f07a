/** Streams of the program by packet time; the reading half of `parvis_wire/packet_time.py`. */

export const PROGRAM_PTIME_MS = 20;

/** Whether one coder made what these two streams carry: only the low three bits differ. */
export function isSameProgram(ssrc: number, other: number): boolean {
  return (ssrc ^ other) >>> 3 === 0;
}
