// A bundle in MapLibre GL JS, judged: PMTiles over ranges, nothing in the console, the number under the mouse is the published one, and no seam between
// neighbouring cells. Needs geojson/ in the bundle, which says what is published. Use: node maplibre.mjs BUNDLE [OUT.png]; exit status 1 if anything is wrong.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { withMap } from "./browser.mjs";

const [bundle, out] = process.argv.slice(2);
const run = JSON.parse(readFileSync(join(bundle, "run.json")));
const legend = JSON.parse(readFileSync(join(bundle, "legend.json")));
const last = run.layers.at(-1).date;
const finest = run.layers.find((layer) => /^\d+(m|km)$/.test(layer.level) && layer.maxzoom === 14 && layer.date === last);
const features = JSON.parse(readFileSync(join(bundle, "geojson", finest.name + ".geojson"))).features;
const field = legend.field;
const best = features.reduce((a, b) => ((b.properties[field] ?? -1) > (a.properties[field] ?? -1) ? b : a));
const [lon, lat] = best.geometry.coordinates[0][0];
const failures = [];
const check = (sound, problem) => sound || failures.push(problem);
const told = {};

// Units near the middle, and the edges that two of them share.
const near = features.filter((f) => Math.hypot((f.geometry.coordinates[0][0][0] - lon) * 0.6, f.geometry.coordinates[0][0][1] - lat) < 0.03);
const edges = new Map();
for (const feature of near) {
  const ring = feature.geometry.coordinates[0];
  for (let i = 0; i + 1 < ring.length; i++) {
    const key = [ring[i], ring[i + 1]].map(String).sort().join("|");
    const known = edges.get(key);
    edges.set(key, { ends: [ring[i], ring[i + 1]], times: (known?.times ?? 0) + 1 });
  }
}
const shared = [...edges.values()].filter((edge) => edge.times === 2).map((edge) => edge.ends);
check(shared.length > 20, `only ${shared.length} edges are shared near the middle`);

await withMap({ bundle, width: 900, height: 700, view: [lon, lat, 13] }, async (tab, { console: said, ranges }) => {
  if (out) await tab.screenshot({ path: out });
  told.drawn = await tab.evaluate("window.drawn");
  check(ranges.count > 0, "no range was asked for");
  told.ranges = ranges.count;

  // What stands under the mouse in the middle of a cell.
  const places = near.map((f) => {
    const ring = f.geometry.coordinates[0].slice(0, -1);
    const middle = [0, 1].map((axis) => ring.reduce((sum, point) => sum + point[axis], 0) / ring.length);
    return { id: f.id, middle, number: f.properties[field], status: f.properties[field + "_status"] };
  });
  const hovered = await tab.evaluate(
    (places, layer, field) => {
      const seen = [];
      for (const place of places) {
        const point = window.map.project(place.middle);
        if (point.x < 2 || point.y < 2 || point.x > 898 || point.y > 698) continue;
        const found = window.map.queryRenderedFeatures(point).filter((f) => f.sourceLayer === layer);
        seen.push({ ...place, found: found.map((f) => [f.id, f.properties[field] ?? null, f.properties[field + "_status"] ?? null]) });
      }
      return seen;
    },
    places, finest.name, field,
  );
  let wrong = 0;
  for (const { id, number, status, found } of hovered) {
    // No data is drawn by no layer.
    const nothing = status === "none" && found.length === 0;
    const same = found.length > 0 && found.every(([other, value, told]) => other === id && value === (number ?? null) && (told ?? "value") === (number === 0 ? (told ?? "value") : (status ?? "value")));
    if (!nothing && !same) wrong += 1;
  }
  told.hovered = hovered.length;
  check(hovered.length > 20, `only ${hovered.length} cells are in the window`);
  check(wrong === 0, `${wrong} of ${hovered.length} cells show another number under the mouse than is published`);

  // All fills in one colour: along shared edges nothing else may be seen.
  told.seams = {};
  for (const zoom of [11, 12, 12.4, 13, 13.73, 14, 15.3]) {
    for (const opacity of [1, 0.5]) {
      const seams = await tab.evaluate(
        async (zoom, opacity, shared, middles) => {
          const map = window.map;
          for (const layer of map.getStyle().layers) {
            if (layer.type === "background") map.setPaintProperty(layer.id, "background-color", "#ffffff");
            else if (layer.type !== "fill") map.setLayoutProperty(layer.id, "visibility", "none");
            // The veil over uncertain numbers lies on another fill.
            else if (layer.id.endsWith("_uncertain")) map.setLayoutProperty(layer.id, "visibility", "none");
            else {
              map.setPaintProperty(layer.id, "fill-color", "#d00000");
              map.setPaintProperty(layer.id, "fill-opacity", opacity);
            }
          }
          map.jumpTo({ zoom });
          await new Promise((ready) => (map.once("idle", ready), map.triggerRepaint()));
          const from = map.getCanvas();
          const copy = document.createElement("canvas");
          [copy.width, copy.height] = [from.width, from.height];
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(from, 0, 0);
          const { data } = context.getImageData(0, 0, copy.width, copy.height);
          const at = (x, y) => data.slice(4 * (Math.floor(y) * copy.width + Math.floor(x)), 4 * (Math.floor(y) * copy.width + Math.floor(x)) + 3).join();
          const inside = ({ x, y }) => x >= 1 && y >= 1 && x < copy.width - 1 && y < copy.height - 1;
          const fill = middles.map((m) => map.project(m)).filter(inside).map(({ x, y }) => at(x, y));
          const usual = [...fill.reduce((counts, c) => counts.set(c, (counts.get(c) ?? 0) + 1), new Map())].sort((a, b) => b[1] - a[1])[0]?.[0];
          let [looked, off] = [0, 0];
          for (const [a, b] of shared) {
            const [p, q] = [map.project(a), map.project(b)];
            const length = Math.hypot(q.x - p.x, q.y - p.y);
            // Ends are left out: what lies beyond them may be no cell.
            for (let along = 2; along <= length - 2; along += 0.5) {
              const point = { x: p.x + ((q.x - p.x) * along) / length, y: p.y + ((q.y - p.y) * along) / length };
              if (!inside(point)) continue;
              looked += 1;
              off += at(point.x, point.y) === usual ? 0 : 1;
            }
          }
          return { looked, off, usual };
        },
        zoom, opacity, shared, hovered.filter((h) => h.status !== "none").map((h) => h.middle),
      );
      told.seams[`${zoom} at ${opacity}`] = `${seams.off} of ${seams.looked}`;
      check(seams.off === 0, `zoom ${zoom}, opacity ${opacity}: ${seams.off} of ${seams.looked} pixels between neighbours are not ${seams.usual}`);
      check(zoom < 12 || seams.looked > 200, `zoom ${zoom}: only ${seams.looked} pixels between neighbours`);
    }
  }
  // The judge sees seams where there are some: edges smoothed one by one.
  const control = await tab.evaluate(async (shared) => {
    const map = window.map;
    for (const layer of map.getStyle().layers) if (layer.type === "fill") map.setPaintProperty(layer.id, "fill-antialias", true);
    await new Promise((ready) => (map.once("idle", ready), map.triggerRepaint()));
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [map.getCanvas().width, map.getCanvas().height];
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(map.getCanvas(), 0, 0);
    const seen = new Set();
    for (const [a, b] of shared) {
      const [p, q] = [map.project(a), map.project(b)];
      seen.add(context.getImageData((p.x + q.x) / 2, (p.y + q.y) / 2, 1, 1).data.join());
    }
    return seen.size;
  }, shared);
  check(control > 2, "the judge sees no seam where edges are smoothed");
  const faults = [...(await tab.evaluate("window.faults")), ...said];
  check(faults.length === 0, `the console says ${faults.slice(0, 3)}`);
});
console.log(JSON.stringify({ ok: failures.length === 0, ...told, failures }, null, 1));
process.exitCode = failures.length ? 1 : 0;
