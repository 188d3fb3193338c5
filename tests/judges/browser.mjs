// A bundle's style over its tiles in MapLibre GL JS, in headless Chromium, from a server that answers ranges. CHROMIUM names the browser.
import { createServer } from "node:http";
import { closeSync, openSync, readFileSync, readSync, statSync, existsSync } from "node:fs";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

const here = dirname(fileURLToPath(import.meta.url));
const modules = process.env.NODE_MODULES ?? join(here, "node_modules");
const types = { ".mjs": "text/javascript", ".js": "text/javascript", ".css": "text/css", ".json": "application/json" };

const page = (view, styleFile) => `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/modules/maplibre-gl/dist/maplibre-gl.css">
<style>html,body,#map{margin:0;width:100%;height:100%}</style><div id="map"></div>
<script type="importmap">{"imports":{"fflate":"/modules/fflate/esm/browser.js"}}</script>
<script type="module">
import * as maplibregl from "/modules/maplibre-gl/dist/maplibre-gl.mjs";
import { Protocol } from "/modules/pmtiles/dist/esm/index.js";
window.faults = [];
maplibregl.addProtocol("pmtiles", new Protocol().tile);
const address = location.origin + "/bundle/${styleFile}";
const style = await (await fetch(address)).json();
for (const source of Object.values(style.sources).filter((source) => source.type === "vector")) {
  const archive = source.url.startsWith("pmtiles://");
  const url = new URL(source.url.replace("pmtiles://", ""), address).href;
  source.url = archive ? "pmtiles://" + url : url;
}
const view = ${JSON.stringify(view)};
const at = view.length === 3 ? { center: [view[0], view[1]], zoom: view[2] } : { bounds: Object.values(style.sources)[0].bounds, fitBoundsOptions: { padding: 10 } };
const map = new maplibregl.Map({ container: "map", style, ...at, attributionControl: false, fadeDuration: 0, canvasContextAttributes: { preserveDrawingBuffer: true } });
window.map = map;
map.on("error", (e) => window.faults.push(String(e.error?.message ?? e)));
map.once("idle", () => { window.drawn = map.queryRenderedFeatures().length; window.zoom = map.getZoom(); window.done = true; });
</script>`;

function serve(roots, html, ranges) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    if (path === "/") return response.writeHead(200, { "content-type": "text/html" }).end(html);
    if (path === "/favicon.ico") return response.writeHead(204).end();
    const [, root, ...rest] = path.split("/");
    const file = normalize(join(roots[root] ?? "/nowhere", ...rest));
    if (!roots[root] || !file.startsWith(normalize(roots[root])) || !existsSync(file) || !statSync(file).isFile()) {
      return response.writeHead(404).end();
    }
    const size = statSync(file).size;
    const headers = { "content-type": types[extname(file)] ?? "application/octet-stream", "accept-ranges": "bytes" };
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    if (!range) return response.writeHead(200, { ...headers, "content-length": size }).end(readFileSync(file));
    ranges.count += 1;
    const start = Number(range[1]);
    const end = Math.min(range[2] ? Number(range[2]) : size - 1, size - 1);
    const bytes = Buffer.alloc(end - start + 1);
    const open = openSync(file);
    readSync(open, bytes, 0, bytes.length, start);
    closeSync(open);
    response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${end}/${size}`, "content-length": bytes.length }).end(bytes);
  });
  return new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(server)));
}

/** Opens the bundle; `work` gets the tab, with `window.map` idle, and what the console said and how many ranges were asked for. */
export async function withMap({ bundle, width, height, view = [], style = "style.json" }, work) {
  const ranges = { count: 0 };
  const server = await serve({ bundle, modules }, page(view, style), ranges);
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
  });
  try {
    const tab = await browser.newPage();
    const console = [];
    tab.on("pageerror", (error) => console.push(error.message));
    tab.on("console", (message) => message.type() === "error" && console.push(message.text()));
    await tab.setViewport({ width, height });
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    await tab.waitForFunction("window.done === true || window.faults?.length > 0", { timeout: 120000 });
    return await work(tab, { console, ranges });
  } finally {
    await browser.close();
    server.close();
  }
}
