import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { defineConfig } from "vite";

import { glyphFiles } from "./glyphs.mjs";

/** Glyph files beside the page, with the licence of their font. */
const glyphs = {
  name: "glyphs",
  generateBundle(this: { emitFile(file: { type: "asset"; fileName: string; source: Uint8Array }): void }) {
    const licence = createRequire(import.meta.url).resolve("@fontsource/noto-sans/LICENSE");
    for (const [fileName, source] of [...glyphFiles(), ["fonts/OFL.txt", readFileSync(licence)] as const]) {
      this.emitFile({ type: "asset", fileName, source });
    }
  },
};

// Relative addresses: the page lies at the root of a server or in any folder of a web space.
export default defineConfig({
  base: "./",
  worker: { format: "es" },
  plugins: [glyphs],
  build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 2000, reportCompressedSize: false },
});
