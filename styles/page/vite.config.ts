import { defineConfig } from "vite";

// Relative addresses: the page lies at the root of a server or in any folder of a web space.
export default defineConfig({
  base: "./",
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 2000, reportCompressedSize: false },
});
