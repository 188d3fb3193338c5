// From a click on a group's chip to the map that shows the group, in headless Chromium; milliseconds, one JSON line for each view.
// Use: node click.mjs ADDRESS|FOLDER [--clicks 40] [--zooms 8,10,12,14] [--most MILLISECONDS]
// A FOLDER is what `kleinraum site` wrote. Without zooms: the view that the page opens with. A view's clicks go over the chips in turn, those after the first ones are
// counted; the end is the last frame, when no tile, transition or drawing is outstanding (`idle` of MapLibre). Without a graphics card the browser draws on the processor: what its
// processes took of it for each click is told beside. With `most` the exit status is 1 where a median is above.
// What the time is made of: requests that a click sends (`server_ms`, none where the page has the numbers), the page's own script and everything else on its main thread, and
// frames: how many the map drew, and how long the browser takes to draw the same map again with nothing changed (`bare_frame_ms`, waited for by reading a pixel).
import { parseArgs } from "node:util";
import puppeteer from "puppeteer-core";
import { webSpace } from "./static.mjs";

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { clicks: { type: "string", default: "40" }, zooms: { type: "string" }, most: { type: "string" } } });
const space = /^http/.test(positionals[0]) ? null : await webSpace(positionals[0]);
const address = space?.address ?? positionals[0];
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", protocolTimeout: 600_000,
  args: ["--no-sandbox", "--lang=de-DE", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
});
const system = await browser.target().createCDPSession();
/** Processor time so far, milliseconds: of the drawing process, and of the page with its workers. */
const spent = async () => {
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  return Object.fromEntries(["GPU", "renderer"].map((type) => [type, processInfo.filter((one) => one.type === type).reduce((sum, one) => sum + 1000 * one.cpuTime, 0)]));
};
const round = (n) => Math.round(n * 10) / 10;
let slow = false;

/** Clicks chips in turn; of each click how long until the numbers stood there, and until the map did. */
const clicks = (page, count) => page.evaluate(async (count) => {
  const waited = (name, turn) => new Promise((done, failed) => {
    const late = setTimeout(() => failed(new Error(`${name} did not come`)), 60_000);
    const look = () => { if (Number(document.body.dataset[name] ?? 0) >= turn) { clearTimeout(late); seen.disconnect(); done(performance.now()); } };
    const seen = new MutationObserver(look);
    seen.observe(document.body, { attributes: true });
    look();
  });
  const all = [], warm = 4;
  let frames = 0;
  const map = window.kleinraum.map(), rendered = () => { frames++; };
  map.on("render", rendered);
  for (let i = 0; i < count + warm; i++) {
    const chips = [...document.querySelectorAll(".dimension:first-child .chip, #groups .dimension .chip")].filter((chip) => chip.id.startsWith("chip-"));
    frames = 0;
    performance.clearResourceTimings();
    const turn = Number(document.body.dataset.drawn) + 1, begun = performance.now();
    // One group after the other: what was chosen is let go by the same click's turn.
    chips[i % chips.length].click();
    const [numbers, onMap] = await Promise.all([waited("drawn", turn), waited("onMap", turn)]);
    const asked = performance.getEntriesByType("resource");
    if (i >= warm) all.push({ numbers: numbers - begun, map: onMap - begun, frames, requests: asked.length, server: asked.reduce((sum, one) => sum + one.duration, 0) });
    await new Promise((done) => setTimeout(done, 60));
  }
  map.off("render", rendered);
  return all;
}, count);

/** Milliseconds to draw the map again as it is. */
const bare = (page) => page.evaluate(async () => {
  const map = window.kleinraum.map(), canvas = map.getCanvas(), gl = canvas.getContext("webgl2") ?? canvas.getContext("webgl"), took = [];
  for (let i = 0; i < 12; i++) {
    const begun = performance.now();
    await new Promise((done) => { map.once("render", done); map.triggerRepaint(); });
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    took.push(performance.now() - begun);
  }
  return took.sort((a, b) => a - b)[6];
});

try {
  for (const zoom of options.zooms?.split(",") ?? [null]) {
    const page = await browser.newPage();
    await page.setViewport({ width: 1440, height: 900 });
    await page.goto(`${address}#lang=de&dark=0`);
    await page.waitForFunction(() => Number(document.body.dataset.onMap) > 0, { timeout: 120_000 });
    if (zoom !== null) {
      // The same middle, nearer.
      const hash = new URLSearchParams(await page.evaluate(() => location.hash.slice(1)));
      const [lon, lat] = hash.get("c").split(",");
      hash.set("c", `${lon},${lat},${zoom}`);
      await page.goto("about:blank");
      await page.goto(`${address}?z${zoom}#${hash}`);
      await page.waitForFunction(() => Number(document.body.dataset.onMap) > 0, { timeout: 120_000 });
    }
    await new Promise((done) => setTimeout(done, 1500));
    await clicks(page, 0);
    const devtools = await page.createCDPSession();
    await devtools.send("Performance.enable");
    /** Seconds of the page's main thread: script alone, and all of it. */
    const main = async () => Object.fromEntries((await devtools.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, 1000 * value]));
    const begun = await main(), before = await spent(), all = await clicks(page, Number(options.clicks)), after = await spent(), ended = await main();
    const thread = (name) => round((ended[name] - begun[name]) / (all.length + 4));
    const each = (type) => round((after[type] - before[type]) / (all.length + 4));
    const of = (name) => { const sorted = all.map((one) => one[name]).sort((a, b) => a - b); return { median: round(sorted[Math.floor(sorted.length / 2)]), p95: round(sorted[Math.floor(0.95 * (sorted.length - 1))]), most: round(sorted.at(-1)) }; };
    const map = of("map"), hash = new URLSearchParams(await page.evaluate(() => location.hash.slice(1)));
    slow ||= options.most !== undefined && map.median > Number(options.most);
    console.log(JSON.stringify({ zoom: round(Number(hash.get("c").split(",")[2])), clicks: all.length, numbers_ms: of("numbers"), map_ms: map, server_ms: of("server").median, requests: of("requests").most, script_ms: thread("ScriptDuration"), main_thread_ms: thread("TaskDuration"), frames: of("frames").median, bare_frame_ms: round(await bare(page)), cpu_page_ms: each("renderer"), cpu_drawing_ms: each("GPU"), level: await page.$eval("#legend .sub", (e) => e.textContent) }));
    await page.close();
  }
} finally {
  await browser.close();
  space?.close();
}
process.exit(slow ? 1 : 0);
