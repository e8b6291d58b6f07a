/** How much a phone loads before it can listen, packed; fails above 150 kB a page. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const MAX_BYTES = 150_000;
const folder = process.argv[2];
const packed = (path) => gzipSync(readFileSync(path), { level: 9 }).length;
const assets = readdirSync(join(folder, "assets"));

/** What is fetched only once somebody wants it: `import("./x.js")`, and the list of what it brings. */
const LATER = /\bimport\((["'`])[^"'`]*\1\)|__vite__mapDeps=\([\s\S]*?\]/g;

/** Every asset that this file names, and that those name; not what is loaded later. */
function reach(text, seen) {
  const now = text.replace(LATER, "");
  for (const name of assets) {
    if (seen.has(name) || !now.includes(name)) continue;
    seen.add(name);
    if (/\.(js|css)$/.test(name)) reach(readFileSync(join(folder, "assets", name), "utf-8"), seen);
  }
  return seen;
}

for (const page of [
  "index.html",
  "host.html",
  "screen.html",
  "rooms.html",
  "operator.html",
  "replay.html",
]) {
  const html = join(folder, page);
  const needed = [...reach(readFileSync(html, "utf-8"), new Set())];
  const bytes = needed.reduce(
    (sum, name) => sum + packed(join(folder, "assets", name)),
    packed(html),
  );
  console.log(`${page}: ${(bytes / 1000).toFixed(1)} kB packed in ${needed.length + 1} files`);
  if (bytes > MAX_BYTES) {
    console.error(`${page} loads more than ${MAX_BYTES / 1000} kB`);
    process.exitCode = 1;
  }
}
