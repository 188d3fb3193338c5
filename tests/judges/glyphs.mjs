// The server's glyph files: read by another reader of their format, and drawn by a MapLibre GL JS that has no text of its own (4.7).
// Use: glyphs.mjs http://HOST:PORT BUNDLE LON LAT ZOOM [PICTURE]    Prints JSON; exit status 1 if a name is not drawn with them.
import { createServer } from "node:http";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PbfReader } from "pbf";
import puppeteer from "puppeteer-core";

const [server, bundle, lon, lat, zoom, picture] = process.argv.slice(2);
const modules = join(dirname(fileURLToPath(import.meta.url)), "node_modules", "maplibre-gl-4", "dist");
const failures = [];

/** Glyphs of one file by character. */
async function read(range) {
  const style = await (await fetch(`${server}/b/${bundle}/style.json`)).json();
  const fonts = new Set(style.layers.filter((l) => l.type === "symbol").map((l) => l.layout["text-font"].join(",")));
  const found = new Map();
  for (const font of fonts) {
    const answer = await fetch(style.glyphs.replace("{fontstack}", encodeURIComponent(font)).replace("{range}", range));
    if (!answer.ok) throw new Error(`${answer.status} for ${range}`);
    new PbfReader(new Uint8Array(await answer.arrayBuffer())).readFields((tag, _, pbf) => {
      if (tag !== 1) return;
      pbf.readMessage((tag, stack, pbf) => {
        if (tag === 1) stack.name = pbf.readString();
        else if (tag === 2) stack.range = pbf.readString();
        else if (tag === 3) {
          const glyph = pbf.readMessage((tag, glyph, pbf) => {
            if (tag === 2) glyph.bitmap = pbf.readBytes();
            else glyph[["", "id", "", "width", "height", "left", "top", "advance"][tag]] = tag === 5 || tag === 6 ? pbf.readSVarint() : pbf.readVarint();
          }, {});
          found.set(String.fromCodePoint(glyph.id), glyph);
        }
      }, {});
    }, null);
  }
  return found;
}

for (const [range, wanted] of [["0-255", "AZaz09 äöüÄÖÜß-().,/"], ["256-511", "ąčğłőřšžŒœ"], ["8192-8447", "–„“”’…"]]) {
  const glyphs = await read(range);
  for (const character of wanted) {
    const glyph = glyphs.get(character);
    if (!glyph) { failures.push(`no ${character}`); continue; }
    if (!(glyph.advance > 0 && glyph.advance < 40)) failures.push(`${character} is ${glyph.advance} wide`);
    const area = character === " " ? 0 : (glyph.width + 6) * (glyph.height + 6);
    if ((glyph.bitmap?.length ?? 0) !== area) failures.push(`${character} has ${glyph.bitmap?.length} of ${area} pixels`);
    // Inside and outside the outline, and no ink at the edge of the picture.
    if (area && !(Math.max(...glyph.bitmap) > 192 && Math.min(...glyph.bitmap) < 64 && glyph.bitmap[0] < 192)) failures.push(`${character} is no distance field`);
  }
}

const html = `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/maplibre-gl.css"><style>html,body,#map{margin:0;width:100%;height:100%}</style>
<div id="map"></div><script src="/maplibre-gl.js"></script><script>
window.faults = [];
const map = window.map = new maplibregl.Map({ container: "map", style: ${JSON.stringify(`${server}/b/${bundle}/style.json`)}, center: [${lon}, ${lat}], zoom: ${zoom},
  attributionControl: false, fadeDuration: 0, localIdeographFontFamily: false, preserveDrawingBuffer: true });
map.on("error", (e) => window.faults.push(String(e.error?.message ?? e)));
map.once("idle", () => { window.done = true; });
</script>`;
const page = createServer((request, response) => {
  const file = join(modules, request.url.slice(1));
  if (request.url === "/") response.writeHead(200, { "content-type": "text/html" }).end(html);
  else if (/^\/[\w.-]+$/.test(request.url) && existsSync(file)) response.writeHead(200, { "content-type": file.endsWith("css") ? "text/css" : "text/javascript" }).end(readFileSync(file));
  else response.writeHead(204).end();
});
await new Promise((ready) => page.listen(0, "127.0.0.1", ready));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
});
let told = {};
try {
  const tab = await browser.newPage();
  const asked = [];
  tab.on("response", (response) => { if (response.url().includes("/fonts/")) asked.push([response.status(), decodeURIComponent(new URL(response.url()).pathname)]); });
  await tab.setViewport({ width: 900, height: 700 });
  await tab.goto(`http://127.0.0.1:${page.address().port}/`);
  await tab.waitForFunction("window.done === true || window.faults.length > 0", { timeout: 60000 });
  if (picture) writeFileSync(picture, await tab.screenshot());
  told = await tab.evaluate(async () => {
    const ids = window.map.getStyle().layers.filter((l) => l.type === "symbol").map((l) => l.id);
    const names = window.map.queryRenderedFeatures({ layers: ids }).map((f) => f.properties.label);
    const pixels = () => {
      const canvas = document.createElement("canvas"), drawn = window.map.getCanvas();
      Object.assign(canvas, { width: drawn.width, height: drawn.height });
      const context = canvas.getContext("2d");
      context.drawImage(drawn, 0, 0);
      return context.getImageData(0, 0, canvas.width, canvas.height).data;
    };
    const before = pixels();
    for (const id of ids) window.map.setLayoutProperty(id, "visibility", "none");
    await new Promise((done) => window.map.once("idle", done));
    const after = pixels();
    let ink = 0;
    for (let at = 0; at < before.length; at += 4) if (before[at] !== after[at] || before[at + 1] !== after[at + 1]) ink++;
    return { version: window.maplibregl.version ?? maplibregl.getVersion(), names, ink, faults: window.faults };
  });
  told.asked = asked;
} finally {
  await browser.close();
  page.close();
}
failures.push(...told.faults);
if (!told.asked.length || told.asked.some(([status]) => status !== 200)) failures.push("glyphs were not asked for, or not given");
if (!told.names.length || told.ink < 100 * told.names.length) failures.push(`${told.names.length} names are ${told.ink} pixels of ink`);
console.log(JSON.stringify({ ok: !failures.length, ...told, failures }, null, 1));
process.exit(failures.length ? 1 : 0);
