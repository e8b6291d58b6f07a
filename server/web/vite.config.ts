/**
 * Six pages, six entries: the front page (`/`, `/c/{code}`), the audience's (`/r/{room}`), the
 * host's (`/host`), the operator's (`/operator`) the hall screen's (`/screen`) and the
 * replay's (beside the sound of each published recording), built into the
 * hub's package. Scripts and styles are files of their own, because the hub's
 * Content-Security-Policy allows nothing inline. Workers are classic scripts: module workers need
 * Safari 15.
 */
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/",
  publicDir: "public",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../parvis_server/static",
    emptyOutDir: true,
    target: ["es2020", "safari14", "firefox89", "chrome91"],
    // The polyfill would only serve browsers without link rel=modulepreload; it costs more than it saves.
    modulePreload: { polyfill: false },
    // A data: URL for a script, a worklet or a worker would break the policy above.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rollupOptions: {
      input: [
        "index.html",
        "host.html",
        "screen.html",
        "rooms.html",
        "operator.html",
        "replay.html",
      ],
    },
  },
  worker: { format: "iife" },
  test: { include: ["tests/**/*.test.ts", "tests/**/*.test.tsx"], environment: "node" },
});
