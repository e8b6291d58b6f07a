/** A QR code (ISO 18004) as one path of a drawing: links with secrets are drawn on this page. */

import { encode } from "uqr";

export interface Code {
  /** Modules on each side, the quiet zone included. */
  size: number;
  path: string;
}

/** What the standard asks for around a code. */
const QUIET_ZONE = 4;

export function codeOf(link: string): Code {
  const { size, data } = encode(link, { ecc: "M", border: QUIET_ZONE });
  const path = data
    .flatMap((row, y) => runs(row).map(([x, width]) => `M${x} ${y}h${width}v1h-${width}z`))
    .join("");
  return { size, path };
}

/** Where each run of dark modules begins, and how long it is. */
function runs(row: readonly boolean[]): [number, number][] {
  const found: [number, number][] = [];
  row.forEach((isDark, x) => {
    const last = found.at(-1);
    if (!isDark) return;
    if (last !== undefined && last[0] + last[1] === x) last[1] += 1;
    else found.push([x, 1]);
  });
  return found;
}
