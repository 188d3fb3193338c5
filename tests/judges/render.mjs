// Draws a bundle's style over its tiles with MapLibre GL JS in headless Chromium.
// Use: node render.mjs BUNDLE OUT.png [WIDTH HEIGHT [LON LAT ZOOM]]; CHROMIUM names the browser, STYLE another style than style.json.
// Exit status 1 if the map reports an error.
import { withMap } from "./browser.mjs";

const [bundle, out, width = "1200", height = "900", ...view] = process.argv.slice(2);
const options = { bundle, width: Number(width), height: Number(height), view: view.map(Number), style: process.env.STYLE ?? "style.json" };
await withMap(options, async (tab, { console: said }) => {
  await tab.screenshot({ path: out });
  const told = await tab.evaluate("({ drawn: window.drawn, zoom: window.zoom, faults: window.faults })");
  told.faults.push(...said);
  console.log(JSON.stringify(told));
  process.exitCode = told.faults.length || !told.drawn ? 1 : 0;
});
