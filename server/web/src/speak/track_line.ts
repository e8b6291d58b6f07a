/** Sound that a track dropped before a busy worker took it: the line of samples stays true; pure. */

const US_PER_S = 1_000_000;

/** More than any wobble of a browser's time stamps; the track keeps a second for a busy worker. */
const GAP_US = 50_000;
/** A suspended laptop's night is not played as silence. */
const LONGEST_US = 2 * US_PER_S;

export class TrackLine {
  private endUs: number | null = null;

  /** How many samples are missing before these, which begin at this time stamp. */
  missing(timestampUs: number, samples: number, rate: number): number {
    const gapUs = this.endUs === null ? 0 : timestampUs - this.endUs;
    this.endUs = timestampUs + (samples * US_PER_S) / rate;
    if (gapUs < GAP_US) return 0;
    return Math.round((Math.min(gapUs, LONGEST_US) * rate) / US_PER_S);
  }
}
