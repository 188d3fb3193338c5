// Draws a bundle's style over its tiles with MapLibre GL JS in headless Chromium.
// Use: node render.mjs BUNDLE OUT.png [WIDTH HEIGHT [LON LAT ZOOM]]; CHROMIUM names the browser.
// Exit status 1 if the map reports an error.
import { createServer } from "node:http";
import { closeSync, openSync, readFileSync, readSync, statSync, existsSync } from "node:fs";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

const [bundle, out, width = "1200", height = "900", ...view] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const modules = process.env.NODE_MODULES ?? join(here, "node_modules");
const roots = { bundle, modules };
const types = { ".mjs": "text/javascript", ".js": "text/javascript", ".css": "text/css", ".json": "application/json" };

const page = `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/modules/maplibre-gl/dist/maplibre-gl.css">
<style>html,body,#map{margin:0;width:100%;height:100%}</style><div id="map"></div>
<script type="importmap">{"imports":{"fflate":"/modules/fflate/esm/browser.js"}}</script>
<script type="module">
import * as maplibregl from "/modules/maplibre-gl/dist/maplibre-gl.mjs";
import { Protocol } from "/modules/pmtiles/dist/esm/index.js";
window.faults = [];
maplibregl.addProtocol("pmtiles", new Protocol().tile);
const style = await (await fetch("/bundle/style.json")).json();
for (const source of Object.values(style.sources)) {
  source.url = source.url.startsWith("pmtiles://") ? source.url.replace("pmtiles://", "pmtiles://" + location.origin + "/bundle/") : location.origin + "/bundle/" + source.url;
}
const view = ${JSON.stringify(view.map(Number))};
const at = view.length === 3 ? { center: [view[0], view[1]], zoom: view[2] } : { bounds: Object.values(style.sources)[0].bounds, fitBoundsOptions: { padding: 10 } };
const map = new maplibregl.Map({ container: "map", style, ...at, attributionControl: false, fadeDuration: 0, canvasContextAttributes: { preserveDrawingBuffer: true } });
map.on("error", (e) => window.faults.push(String(e.error?.message ?? e)));
map.once("idle", () => { window.drawn = map.queryRenderedFeatures().length; window.zoom = map.getZoom(); window.done = true; });
</script>`;

const server = createServer((request, response) => {
  const path = new URL(request.url, "http://localhost").pathname;
  if (path === "/") return response.writeHead(200, { "content-type": "text/html" }).end(page);
  const [, root, ...rest] = path.split("/");
  const file = normalize(join(roots[root] ?? "/nowhere", ...rest));
  if (!roots[root] || !file.startsWith(normalize(roots[root])) || !existsSync(file) || !statSync(file).isFile()) {
    return response.writeHead(404).end();
  }
  const size = statSync(file).size;
  const headers = { "content-type": types[extname(file)] ?? "application/octet-stream", "accept-ranges": "bytes" };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (!range) return response.writeHead(200, { ...headers, "content-length": size }).end(readFileSync(file));
  const start = Number(range[1]);
  const end = Math.min(range[2] ? Number(range[2]) : size - 1, size - 1);
  const bytes = Buffer.alloc(end - start + 1);
  const open = openSync(file);
  readSync(open, bytes, 0, bytes.length, start);
  closeSync(open);
  response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${end}/${size}`, "content-length": bytes.length }).end(bytes);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
});
try {
  const tab = await browser.newPage();
  tab.on("pageerror", (error) => console.error(error.message));
  await tab.setViewport({ width: Number(width), height: Number(height) });
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  await tab.waitForFunction("window.done === true || window.faults?.length > 0", { timeout: 120000 });
  await tab.screenshot({ path: out });
  const told = await tab.evaluate("({ drawn: window.drawn, zoom: window.zoom, faults: window.faults })");
  console.log(JSON.stringify(told));
  process.exitCode = told.faults.length || !told.drawn ? 1 : 0;
} finally {
  await browser.close();
  server.close();
}
