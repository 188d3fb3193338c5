// Clicks the planner's story in headless Chromium: a question, share, areas, a ranking, a comparison, the shared link.
// Use: node page.mjs ADDRESS [FOLDER FOR SCREENSHOTS]; CHROMIUM names the browser. Tells JSON; exit status 1 with what is wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

const [address, shots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const wrong = [];
const check = (good, what) => good || wrong.push(what);
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--lang=de-DE", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"],
});
const open = async (url, width, height) => {
  const page = await browser.newPage();
  await page.setViewport({ width, height });
  await page.setBypassCSP(true);
  page.on("console", (m) => ["error", "warn"].includes(m.type()) && !/GPU stall|swiftshader|WebGL/i.test(m.text()) && wrong.push(`console: ${m.text()}`));
  page.on("pageerror", (e) => wrong.push(`error: ${e.message}`));
  page.on("request", (r) => check(/^(data|blob):/.test(r.url()) || r.url().startsWith(new URL(address).origin), `asked another host: ${r.url()}`));
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
const shot = async (page, name) => {
  if (!shots) return;
  await new Promise((done) => setTimeout(done, 4000));
  await page.screenshot({ path: join(shots, `${name}.png`) });
};
const accessible = async (page, where) => {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa"] }));
  for (const v of found.violations.filter((v) => ["serious", "critical"].includes(v.impact))) wrong.push(`${where}: ${v.id}: ${v.nodes[0].html}`);
};
try {
  const page = await open(`${address}#lang=de&dark=0`, 1440, 900);
  check(/Personen/.test(await text(page, "#answer")), "the answer is not in German");
  await shot(page, "desktop");
  await accessible(page, "light");

  await page.type("#question", "Wo wohnen Menschen mit SGB II?");
  await act(page, () => page.keyboard.press("Enter"));
  check(/SGB II/.test(await text(page, "#reading")), "the reading is not shown");
  check((await text(page, ".query")).includes("leistung=SGB II"), "the question was not understood");
  await click(page, '#by [data-value="gemeinde"]');
  const first = await text(page, "#ranking li");
  await click(page, '#measure [data-value="share"]');
  check(/%/.test(await text(page, "#ranking li")), "no shares in the ranking");
  await page.$eval("#ranking .rank", (e) => e.click());
  check((await page.$$('#ranking .rank[aria-pressed="true"]')).length === 1, "the ranking does not keep what was clicked");
  await shot(page, "share");

  // What is not published together is said, with what can be asked.
  await page.$eval("#question", (e) => { e.value = "Kinder unter sechs mit SGB II"; });
  await page.focus("#question");
  await page.keyboard.press("Enter");
  check(/nicht zusammen veröffentlicht/.test(await text(page, "#reading")), "a question that is not published was not refused");

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
  const told = await page.evaluate(async () => (await fetch("ask?q=leistung%3DSGB%20II&by=gemeinde&top=1")).json().catch(() => null));
  if (told?.rows) check(first.includes(told.rows[0].label) && first.includes(new Intl.NumberFormat("de-DE").format(told.rows[0].count)), `page: ${first}, program: ${JSON.stringify(told.rows[0])}`);
  console.log(JSON.stringify({ wrong, first }));
} finally {
  await browser.close();
}
process.exit(wrong.length ? 1 : 0);
