/** Serial number arithmetic (RFC 1982); the twin of `parvis_wire/serial.py`. */

export const SEQUENCE_BITS = 16;
export const TIMESTAMP_BITS = 32;

/** `value + step` on a circle of `2**bits`; `step` may be negative. */
export function add(value: number, step: number, bits: number): number {
  const size = 2 ** bits;
  return (((value + step) % size) + size) % size;
}

/**
 * Signed steps from `origin` to `value`: positive = `value` is later. The exact half circle, which
 * RFC 1982 leaves undefined, counts as earlier.
 */
export function distance(origin: number, value: number, bits: number): number {
  const half = 2 ** (bits - 1);
  return add(value - origin, half, bits) - half;
}

/** Whether `value` comes after `origin` on the circle. */
export function isLater(value: number, origin: number, bits: number): boolean {
  return distance(origin, value, bits) > 0;
}

/** Turns wrapping serial numbers into a line of plain integers, nearest to the last one seen. */
export class Unwrapper {
  private last: number | null = null;

  constructor(private readonly bits: number) {}

  /** The integer congruent to `value` that lies nearest to the newest one seen so far. */
  unwrap(value: number): number {
    if (this.last === null) {
      this.last = value;
      return value;
    }
    const extended = this.last + distance(add(this.last, 0, this.bits), value, this.bits);
    this.last = Math.max(this.last, extended);
    return extended;
  }
}
