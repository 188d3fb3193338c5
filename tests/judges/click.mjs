// From a click on a group's chip to the map that shows the group, in headless Chromium; milliseconds, one JSON line for each view.
// Use: node click.mjs ADDRESS|FOLDER [--clicks 40] [--zooms 8,10,12,14] [--most MILLISECONDS]
// A FOLDER is what `kleinraum site` wrote. Without zooms: the view that the page opens with. A view's clicks go over the chips in turn, those after the first ones are
// counted; the end is the last frame, when no tile, transition or drawing is outstanding (`idle` of MapLibre). Without a graphics card the browser draws on the processor: what its
// processes took of it for each click is told beside. With `most` the exit status is 1 where a median is above.
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
  for (let i = 0; i < count + warm; i++) {
    const chips = [...document.querySelectorAll(".dimension:first-child .chip, #groups .dimension .chip")].filter((chip) => chip.id.startsWith("chip-"));
    const turn = Number(document.body.dataset.drawn) + 1, begun = performance.now();
    // One group after the other: what was chosen is let go by the same click's turn.
    chips[i % chips.length].click();
    const [numbers, map] = await Promise.all([waited("drawn", turn), waited("onMap", turn)]);
    if (i >= warm) all.push({ numbers: numbers - begun, map: map - begun });
    await new Promise((done) => setTimeout(done, 60));
  }
  return all;
}, count);

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
    const before = await spent(), all = await clicks(page, Number(options.clicks)), after = await spent();
    const each = (type) => round((after[type] - before[type]) / (all.length + 4));
    const of = (name) => { const sorted = all.map((one) => one[name]).sort((a, b) => a - b); return { median: round(sorted[Math.floor(sorted.length / 2)]), p95: round(sorted[Math.floor(0.95 * (sorted.length - 1))]), most: round(sorted.at(-1)) }; };
    const map = of("map"), hash = new URLSearchParams(await page.evaluate(() => location.hash.slice(1)));
    slow ||= options.most !== undefined && map.median > Number(options.most);
    console.log(JSON.stringify({ zoom: round(Number(hash.get("c").split(",")[2])), clicks: all.length, numbers_ms: of("numbers"), map_ms: map, cpu_page_ms: each("renderer"), cpu_drawing_ms: each("GPU"), level: await page.$eval("#legend .sub", (e) => e.textContent) }));
    await page.close();
  }
} finally {
  await browser.close();
  space?.close();
}
process.exit(slow ? 1 : 0);
