/** The waveform as bars: as many as there is room for, each as high as its loudest sample. Pure. */

/** Heights from 0 to 1 of `bars` bars; the loudest is 1, so that a soft evening is no flat line. */
export function heights(data: readonly number[], bars: number): number[] {
  const columns = Math.floor(data.length / 2);
  const found: number[] = [];
  for (let bar = 0; bar < bars; bar++) {
    const first = Math.floor((bar * columns) / bars);
    const last = Math.max(Math.floor(((bar + 1) * columns) / bars), first + 1);
    let loudest = 0;
    for (let column = first; column < Math.min(last, columns); column++) {
      const low = data[2 * column] ?? 0;
      const high = data[2 * column + 1] ?? 0;
      loudest = Math.max(loudest, -low, high);
    }
    found.push(loudest);
  }
  const most = Math.max(...found, 1);
  return found.map((height) => height / most);
}

/** An SVG path of the bars in a box of `bars` by 2, middle at 1; silence is still a thin line. */
export function path(bars: readonly number[]): string {
  return bars
    .map((height, at) => {
      const half = Math.max(height, 0.02);
      return `M${at + 0.5} ${(1 - half).toFixed(2)}V${(1 + half).toFixed(2)}`;
    })
    .join("");
}
