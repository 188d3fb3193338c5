// Clicks the planner's story in headless Chromium: a question, share, areas, a ranking, a comparison, a drawing, downloads, the shared link.
// Use: node page.mjs ADDRESS|FOLDER [--dates BUNDLE] [--background PORT] [--families PERSONS] [--shots FOLDER]
// A FOLDER is what `kleinraum site` wrote, given out here by ranges. BUNDLE has several dates. At PORT of loopback this answers with tiles of a
// background map, which the server at ADDRESS names. PERSONS is how many children under three live with SGB II, as published in all. CHROMIUM names the browser. Tells JSON; exit status 1 with what is wrong.
import { copyFileSync, mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import puppeteer from "puppeteer-core";
import { webSpace } from "./static.mjs";

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { dates: { type: "string" }, background: { type: "string" }, families: { type: "string" }, shots: { type: "string" } } });
const served = /^http/.test(positionals[0]), space = served ? null : await webSpace(positionals[0]);
const address = space?.address ?? positionals[0];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const wrong = [], told = {};
const check = (good, what) => good || wrong.push(what);
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--lang=de-DE", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
});
let allowed = new URL(address).origin;
const open = async (url, width, height) => {
  const page = await browser.newPage();
  await page.setViewport({ width, height });
  page.on("console", (m) => ["error", "warn"].includes(m.type()) && !/GPU stall|swiftshader|WebGL/i.test(m.text()) && wrong.push(`console: ${m.text()}`));
  page.on("pageerror", (e) => wrong.push(`error: ${e.message}`));
  page.on("request", (r) => check(/^(data|blob):/.test(r.url()) || new URL(r.url()).origin === new URL(address).origin || new URL(r.url()).origin === allowed, `asked another host: ${r.url()}`));
  page.on("response", (r) => check(r.status() < 400, `${r.status()}: ${r.url()}`));
  await page.goto(url);
  await drawn(page, 0);
  return page;
};
const drawn = (page, after) => page.waitForFunction((n) => Number(document.body.dataset.drawn ?? 0) > n, { timeout: 60_000 }, after);
const turn = (page) => page.evaluate(() => Number(document.body.dataset.drawn));
const text = (page, selector) => page.$eval(selector, (e) => e.textContent);
const act = async (page, what) => {
  const before = await turn(page);
  await what();
  await drawn(page, before);
};
const click = (page, selector) => act(page, () => page.$eval(selector, (e) => e.click()));
const until = async (what, condition) => {
  for (let i = 0; i < 200; i++) {
    if (await condition()) return true;
    await new Promise((done) => setTimeout(done, 100));
  }
  return check(false, what);
};
const shot = async (page, name) => {
  if (!options.shots) return;
  await new Promise((done) => setTimeout(done, 4000));
  await page.screenshot({ path: join(options.shots, `${name}.png`) });
};
const accessible = async (page, where) => {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa"] }));
  for (const v of found.violations.filter((v) => ["serious", "critical"].includes(v.impact))) wrong.push(`${where}: ${v.id}: ${v.nodes[0].html}`);
};
/** The bytes of a file that the page gives to its reader. */
const download = async (page, selector, ending) => {
  const folder = mkdtempSync(join(tmpdir(), "kleinraum-")), session = await page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
  await page.$eval(selector, (e) => e.click());
  let name;
  await until(`${selector} gave no file`, () => (name = readdirSync(folder).find((file) => file.endsWith(ending))) !== undefined);
  if (name && options.shots) copyFileSync(join(folder, name), join(options.shots, name));
  return name ? readFileSync(join(folder, name)) : Buffer.alloc(0);
};
const number = (text) => Number(/([\d.]+)\s*Person/.exec(text)?.[1].replaceAll(".", ""));

async function story() {
  const page = await open(`${address}#lang=de&dark=0`, 1440, 900);
  check(/Personen/.test(await text(page, "#answer")), "the answer is not in German");
  await shot(page, "desktop");
  await accessible(page, "light");

  await page.type("#question", "Wo wohnen Familien mit SGB II?");
  await act(page, () => page.keyboard.press("Enter"));
  check(/Datensätze.*nicht: Familien/.test(await text(page, "#reading")), "families are passed over where records are counted");
  check(/SGB II/.test(await text(page, "#reading")), "the reading is not shown");
  check((await text(page, ".query")).includes("leistung=SGB II"), "the question was not understood");
  check(/^\d*[A-ZÄÖÜ]/.test(await text(page, "#ranking .place")), "cells in the ranking do not tell where they are");
  await click(page, '#by [data-value="gemeinde"]');
  const first = await text(page, "#ranking li");
  await click(page, '#measure [data-value="share"]');
  check(/%/.test(await text(page, "#ranking li")), "no shares in the ranking");
  await page.$eval("#ranking .rank", (e) => e.click());
  check((await page.$$('#ranking .rank[aria-pressed="true"]')).length === 1, "the ranking does not keep what was clicked");
  check((await text(page, "#answer")).includes((await text(page, "#ranking .place")).trim()), "the answer does not tell of the chosen place");
  check(/Gebieten|Gebiet/.test(await text(page, "#answer")) && !/Orten/.test(await text(page, "#answer")), "areas are not called so");
  // What stands under the pointer is gone as soon as something else is shown.
  const over = await page.$eval("#map-a", (e) => { const { x, y, width, height } = e.getBoundingClientRect(); return [x + width / 2, y + height / 2]; });
  await until("no card under the pointer", async () => { await page.mouse.move(over[0] + Math.random() * 4, over[1]); return page.$eval("#card", (e) => !e.hidden); });
  await click(page, '#measure [data-value="count"]');
  check(await page.$eval("#card", (e) => e.hidden), "the card stays when the map changes");
  await click(page, '#measure [data-value="share"]');
  await shot(page, "share");

  // What leaves the page.
  const picture = await download(page, "#png", ".png");
  check(picture.subarray(1, 4).toString() === "PNG" && picture.readUInt32BE(16) >= 1000, "the picture is none");
  const sheet = await page.pdf({ preferCSSPageSize: true, printBackground: true, ...(options.shots ? { path: join(options.shots, "sheet.pdf") } : {}) });
  const pdf = Buffer.from(sheet).toString("latin1"), box = /\/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf);
  check((pdf.match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length === 1, "the sheet is not one page");
  check(box && Math.abs(box[1] - 842) < 2 && Math.abs(box[2] - 595) < 2, `the sheet is not A4: ${box}`);
  check((await download(page, "#csv", ".csv")).subarray(0, 5).toString() === "\ufeffid", "the table has no byte order mark");
  if (served) check((await download(page, "#gpkg", ".gpkg")).subarray(0, 15).toString() === "SQLite format 3", "the GeoPackage is none");

  // What is not published together is said, with what can be asked.
  await page.$eval("#question", (e) => { e.value = "Kinder unter sechs mit SGB II"; });
  await page.focus("#question");
  await page.keyboard.press("Enter");
  check(/nicht zusammen veröffentlicht/.test(await text(page, "#reading")), "a question that is not published was not refused");

  // A drawn area: whole cells, the number that the program tells too.
  await click(page, '#measure [data-value="count"]');
  const near = page.url();
  await page.$eval("#home", (e) => e.click());
  await until("the whole area is not shown", () => page.url() !== near);
  await page.$eval("#draw", (e) => e.click());
  const stage = await page.$eval("#map-a", (e) => { const { x, y, width, height } = e.getBoundingClientRect(); return { x, y, width, height }; });
  for (const [x, y] of [[0.4, 0.35], [0.6, 0.35], [0.6, 0.6], [0.4, 0.6]]) await page.mouse.click(stage.x + x * stage.width, stage.y + y * stage.height);
  await page.evaluate(() => document.activeElement?.blur());
  await act(page, () => page.keyboard.press("Enter"));
  const inside = await text(page, "#answer");
  check(/Gezeichnetes Gebiet/.test(inside) && number(inside) > 100, `a drawn area tells nothing: ${inside}`);
  await shot(page, "drawn");
  if (served) {
    const asked = await page.evaluate(async () => {
      const hash = new URLSearchParams(location.hash.slice(1)), by = /(\d+) (k?m)/.exec(document.querySelector("#answer .what").textContent);
      return (await fetch(`b/${hash.get("b")}/ask?${new URLSearchParams({ q: hash.get("q"), by: by[1] + by[2], within: hash.get("p"), top: "1" })}`)).json();
    });
    check(asked.whole?.count === number(inside), `drawn: page ${number(inside)}, program ${JSON.stringify(asked.whole ?? asked)}`);
  }
  await click(page, "#draw");
  await click(page, '#by [data-value="gemeinde"]');
  await click(page, '#measure [data-value="share"]');

  await click(page, "#compare");
  await click(page, "#everybody");
  await click(page, "#chip-0-6");
  await shot(page, "compare");
  // The link holds it all.
  const link = page.url();
  const copy = await open(link.replace(/#/, "?again#"), 1024, 768);
  check((await text(copy, "#groups")) === (await text(page, "#groups")), "the link does not hold the groups");
  check((await text(copy, "#legend")) === (await text(page, "#legend")), "the link does not hold the measure");
  await shot(copy, "tablet");
  await copy.setViewport({ width: 768, height: 1024 });
  await shot(copy, "upright");
  await copy.close();
  await click(page, "#compare");
  await click(page, "#theme");
  await accessible(page, "dark");
  await shot(page, "dark");
  await click(page, "#language");
  check(/persons/.test(await text(page, "#answer")), "the answer is not in English");
  await page.$eval("#howto", (e) => e.click());
  check(await page.$eval("#note", (e) => e.open), "the note does not open");

  // The page and the program tell the same numbers.
  const asked = !served ? null : await page.evaluate(async () => (await fetch(`b/${new URLSearchParams(location.hash.slice(1)).get("b")}/ask?q=leistung%3DSGB%20II&by=gemeinde&top=1`)).json());
  if (asked) check(asked.rows && first.includes(asked.rows[0].label) && first.includes(new Intl.NumberFormat("de-DE").format(asked.rows[0].count)), `page: ${first}, program: ${JSON.stringify(asked)}`);
  told.first = first;
  await page.close();
}

async function dates() {
  const page = await open(`${address}#b=${options.dates}&lang=de&dark=0&m=share`, 1440, 900);
  const count = Number(await page.$eval("#date", (e) => e.max)) + 1, last = await text(page, "#date-shown"), then = await text(page, "#answer");
  await page.focus("#date");
  await act(page, () => page.keyboard.press("ArrowLeft"));
  check((await text(page, "#date-shown")) !== last && (await text(page, "#answer")) !== then, "the slider does not move the date");
  check((await text(page, "footer")).includes(await text(page, "#date-shown")), "the foot tells another date");
  await page.$eval("#chip-0-0", (e) => e.click());
  await click(page, "#all-dates");
  await until("no small maps", async () => (await page.$$("#times figure canvas")).length === count);
  check((await page.$eval("#map-a", (e) => getComputedStyle(e).visibility)) === "hidden", "the one map is seen behind the small ones");
  const captions = await page.$$eval("#times .caption", (all) => all.map((e) => e.textContent));
  check(captions.length === count && new Set(captions).size === count && captions.every((c) => /\d{4}: .*\d/.test(c)), `captions: ${captions}`);
  check((await page.$$("#legend strong")).length === 1, "small maps have not one legend");
  await accessible(page, "dates");
  await shot(page, "dates");
  const copy = await open(page.url().replace(/#/, "?again#"), 1024, 768);
  check((await copy.$$eval("#times .caption", (all) => all.map((e) => e.textContent))).join() === captions.join(), "the link does not hold the small maps");
  await shot(copy, "dates-tablet");
  await copy.close();
  await click(page, "#times .caption");
  check((await page.$("#times figure")) === null && (await text(page, "#date-shown")) !== last, "a small map does not become the one map");
  told.captions = captions;
  await page.close();
}

/** Whether a picture was asked for that shows the map's middle, by its tile's numbers or by its bounds. */
function shows(path, [lon, lat]) {
  const x = (lon + 180) / 360, y = (1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2;
  const box = /BBOX=([-\d.,]+)/.exec(decodeURIComponent(path))?.[1].split(",").map(Number);
  if (box) {
    const half = 20037508.342789244, [east, north] = [(2 * x - 1) * half, (1 - 2 * y) * half];
    return box.length === 4 && box[0] <= east && east <= box[2] && box[1] <= north && north <= box[3];
  }
  const [, kind, z, first, second] = /^\/(xyz|wmts)\/(\d+)\/(\d+)\/(\d+)\.png$/.exec(path) ?? [];
  // A WMTS names the row first.
  const [column, row] = kind === "wmts" ? [second, first] : [first, second];
  return kind !== undefined && Math.floor(x * 2 ** z) === Number(column) && Math.floor(y * 2 ** z) === Number(row);
}

async function background() {
  // One pixel, as large as its tile is drawn.
  const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  const asked = [];
  allowed = `http://127.0.0.1:${options.background}`;
  const style = { version: 8, sources: { land: { type: "raster", tiles: [`${allowed}/xyz/{z}/{x}/{y}.png`], tileSize: 256, attribution: "Land" } }, layers: [{ id: "land", type: "raster", source: "land" }] };
  const host = createServer((request, response) => {
    asked.push(request.url);
    const [type, body] = request.url === "/style.json" ? ["application/json", JSON.stringify(style)] : ["image/png", pixel];
    response.writeHead(200, { "content-type": type, "access-control-allow-origin": "*" }).end(body);
  });
  await new Promise((done) => host.listen(Number(options.background), "127.0.0.1", done));
  const page = await open(`${address}#lang=de&dark=0`, 1024, 768);
  const middle = new URL(page.url()).hash.match(/c=([-\d.]+)(?:%2C|,)([-\d.]+)/).slice(1).map(Number);
  await until(`the background was not asked for: ${asked.slice(0, 3)}`, () => asked.some((path) => shows(path, middle)));
  // A corner without numbers: of the paper's colour where nothing is below it.
  const corner = () => page.$eval("#map-a canvas", (canvas) => {
    const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    pen.drawImage(canvas, 4, 4, 1, 1, 0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].join();
  });
  await until("the background is not drawn", async () => !["244,243,239,255", "0,0,0,0"].includes(await corner()));
  check(/Hintergrundkarte: /.test(await text(page, "footer")), "the background's source is not named");
  await shot(page, "background");
  told.corner = await corner();
  await page.close();
  host.close();
  told.asked = asked.length;
}

/** One sentence asks for two crossed groups; the page answers with a number, a ranking and a map. */
async function families() {
  const page = await open(`${address}#lang=de&dark=0`, 1440, 900);
  await page.type("#question", "Wo wohnen Kinder unter drei in Familien mit SGB II, wie viele, in welchen Gemeinden am meisten?");
  await act(page, () => page.keyboard.press("Enter"));
  const reading = await text(page, "#reading");
  check(/Alter: 0 bis unter 3/.test(reading) && /Leistung: SGB II/.test(reading) && !/Nicht verstanden/.test(reading), `the question was read as: ${reading}`);
  check(/nicht: Familien/.test(reading), "families are passed over where records are counted");
  await click(page, '#by [data-value="gemeinde"]');
  const shown = number(await text(page, "#answer"));
  check(shown === Number(options.families), `the page tells ${shown} persons, published are ${options.families}`);
  const places = await page.$$eval("#ranking .figure", (all) => all.map((figure) => Number(figure.textContent.replaceAll(".", ""))));
  check(places.length > 2 && places.every((n, i) => i === 0 || n <= places[i - 1]), `the ranking does not fall: ${places}`);
  check(/niemand oder wenige/.test(await text(page, "#legend")) && !/geheim/.test(await text(page, "#legend")), "a rounded zero is told as nobody");
  await shot(page, "families");
  await page.close();
  told.families = shown;
}

try {
  if (options.background) await background();
  else if (options.families) await families();
  else await story();
  if (options.dates) await dates();
  console.log(JSON.stringify({ wrong, ...told }));
} finally {
  await browser.close();
  space?.close();
}
process.exit(wrong.length ? 1 : 0);
