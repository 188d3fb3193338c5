// The planner's page: where does which group live? State lives in one object and in the address; every change draws what depends on it.

import "./style.css";
import { type Classes, classes, classOf, ZERO } from "./colors";
import { csv, geojson, picture, save } from "./download";
import { cell, centre, ring } from "./grid";
import { GroupMap } from "./map";
import { type About, type Answer, answer, columnsOf, compatible, countOf, json, type Layer, type Level, level, type Row, type Selection, type Whole, whole } from "./model";
import { type Area, parse, read, written } from "./phrase";
import { dateText, type Language, methodNote, number, say, type Word } from "./words";

type Measure = "count" | "share" | "quotient";
interface State {
  bundle: string; a: Selection; b: Selection | null; editing: "a" | "b"; measure: Measure; by: string; date: string | null;
  language: Language; dark: boolean; selected: string | null; polygon: [number, number][] | null; split: number;
}

const h = <K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, unknown> = {}, ...children: (Node | string | null)[]): HTMLElementTagNameMap[K] => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value as EventListener);
    else if (name.startsWith("aria-")) element.setAttribute(name, String(value));
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((c): c is Node | string => c !== null));
  return element;
};
const CELLS = "cells";
const LEAST_PEOPLE = 100;

const address = new URLSearchParams(location.hash.slice(1));
const state: State = {
  bundle: "", a: new Map(), b: null, editing: "a", measure: "count", by: "", date: null,
  language: (address.get("lang") ?? (navigator.language.startsWith("en") ? "en" : "de")) === "en" ? "en" : "de",
  dark: address.has("dark") ? address.get("dark") === "1" : matchMedia("(prefers-color-scheme: dark)").matches,
  selected: address.get("s"), polygon: null, split: 0.5,
};
let about: About, areas: Area[] = [], mapA: GroupMap, mapB: GroupMap | null = null, drawing: [number, number][] | null = null;
let outlines: Record<string, GeoJSON.Geometry> = {};
let bundles: { name: string; title: string }[] = [];
let shownRows = 12;
let homeBounds: [number, number, number, number];
const t = (word: Word) => say(state.language, word);
const app = document.getElementById("app")!;
const $ = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

const ofDate = () => about.layers.filter((l) => l.date === state.date);
const cellLayers = () => ofDate().filter((l) => l.size_m !== null);
const areaLayers = () => ofDate().filter((l) => l.size_m === null);
/** The layer that the map fills at this zoom. */
function current(): Layer {
  if (state.by !== CELLS) return areaLayers().find((l) => l.level === state.by) ?? cellLayers()[0];
  const zoom = mapA ? mapA.map.getZoom() : 9;
  const fits = (l: Layer) => l.zooms !== null && zoom >= l.zooms[0] && (zoom < l.zooms[1] + 1 || l.zooms[1] >= 14);
  return cellLayers().find(fits) ?? cellLayers()[cellLayers().length - 1];
}
const groupName = (selection: Selection) =>
  [...selection].sort((x, y) => x[0] - y[0]).map(([d, c]) => `${about.dimensions[d].label}: ${c.map((i) => about.dimensions[d].categories[i]).join(" / ")}`).join(" · ") || t("everybody");

async function told(columns: number[]): Promise<{ whole: Whole; base: Whole }> {
  // Coarse layers tell nearly everything and are small.
  const layers = ofDate().filter((l) => l.places <= 20_000);
  const all = await Promise.all((layers.length ? layers : ofDate()).map((l) => level(about, l.name)));
  const of = about.method === "cell-key" ? all.filter((_, i) => (layers.length ? layers : ofDate())[i].size_m !== null) : all;
  return { whole: whole(of, columns, about.method), base: whole(of, [0], about.method) };
}

const measured = (row: Row): number | null => (state.measure === "count" ? row.count.value : state.measure === "share" ? row.share : row.quotient);
const measureText = (value: number | null) =>
  value === null ? "–" : state.measure === "count" ? number(state.language, value) : state.measure === "share" ? `${number(state.language, value * 100, 1)} %` : number(state.language, value, 2);

function frame(): void {
  document.documentElement.lang = state.language;
  document.documentElement.dataset.theme = state.dark ? "dark" : "light";
  document.title = about.title;
  app.replaceChildren(
    h("a", { class: "skip", href: "#ranking-title", onclick: (e: Event) => { e.preventDefault(); $("ranking-title").focus(); } }, t("skip")),
    h("aside", { class: "panel", "aria-label": about.title },
      h("header", {},
        h("h1", {}, about.title),
        h("div", { class: "row" },
          h("button", { id: "language", class: "quiet", lang: state.language === "de" ? "en" : "de", onclick: () => { state.language = state.language === "de" ? "en" : "de"; frame(); } }, t("language")),
          h("button", { id: "theme", class: "quiet", onclick: () => { state.dark = !state.dark; document.documentElement.dataset.theme = state.dark ? "dark" : "light"; void draw(); } }, t("theme")),
          h("button", { id: "howto", class: "quiet", onclick: () => $<HTMLDialogElement>("note").showModal() }, t("howTo")))),
      bundles.length > 1 ? h("label", { class: "field" }, t("bundle"), h("select", { id: "bundle", onchange: (e: Event) => { void open((e.target as HTMLSelectElement).value, true); } },
        ...bundles.map((b) => h("option", { value: b.name, selected: b.name === state.bundle }, b.title || b.name)))) : null,
      h("form", { class: "ask", role: "search", onsubmit: (e: Event) => { e.preventDefault(); void ask(); } },
        h("label", { for: "question" }, t("ask")),
        h("div", { class: "row" }, h("input", { id: "question", type: "search", maxlength: 500, placeholder: t("askExample"), autocomplete: "off" }), h("button", { class: "main", type: "submit" }, t("askButton")))),
      h("div", { id: "reading", role: "status", "aria-live": "polite" }),
      h("section", { id: "groups", "aria-label": t("group") }),
      h("section", { class: "choices" },
        choice("measure", t("measure"), [["count", t("count")], ["share", t("share")], ["quotient", t("quotient")]], state.measure, (v) => { state.measure = v as Measure; }),
        choice("by", t("places"), [[CELLS, t("cells")], ...areaLayers().map((l) => [l.level, title(l.level)] as [string, string])], state.by, (v) => { state.by = v; state.selected = null; })),
      about.dates.length > 1 ? h("label", { class: "field" }, `${t("date")}: `, h("output", { id: "date-shown" }, dateText(state.language, state.date ?? "")),
        h("input", { id: "date", type: "range", min: 0, max: about.dates.length - 1, value: about.dates.indexOf(state.date), "aria-valuetext": state.date ?? "", oninput: (e: Event) => { const input = e.target as HTMLInputElement; state.date = about.dates[Number(input.value)]; input.setAttribute("aria-valuetext", state.date ?? ""); $("date-shown").textContent = dateText(state.language, state.date ?? ""); void draw(); } })) : null,
      h("section", { id: "answer", class: "answer", role: "status", "aria-live": "polite" }, t("loading")),
      h("section", {}, h("h2", {}, t("distribution")), h("div", { id: "histogram", role: "img", "aria-label": t("distribution") })),
      h("section", {}, h("h2", { id: "ranking-title", tabindex: -1 }, t("ranking")), h("ol", { id: "ranking" })),
      h("section", {}, h("h2", {}, t("download")),
        h("div", { class: "row wrap" },
          h("button", { id: "csv", onclick: () => void table("csv") }, t("csv")),
          h("button", { id: "geojson", onclick: () => void table("geojson") }, "GeoJSON"),
          h("button", { id: "png", onclick: () => void png() }, "PNG"),
          h("button", { id: "pdf", onclick: () => print() }, t("print")),
          h("button", { id: "share", onclick: () => void copy() }, t("link")))),
      h("footer", {}, h("p", {}, `${t("source")}: ${about.attribution || about.title}${state.date ? ` · ${t("date")} ${dateText(state.language, state.date)}` : ""}`),
        h("p", {}, `kleinraum ${about.kleinraum} · ${t("method")}: ${about.method} · `, h("a", { href: `b/${about.name}/report.html`, target: "_blank", rel: "noopener" }, t("report"))))),
    h("main", { id: "stage", "aria-label": t("map") },
      h("div", { id: "print-title" }),
      h("div", { id: "map-a", class: "map" }),
      h("div", { id: "map-b", class: "map", hidden: !state.b }),
      h("input", { id: "swipe", type: "range", min: 0, max: 1000, value: state.split * 1000, "aria-label": t("divider"), hidden: !state.b, oninput: (e: Event) => { state.split = Number((e.target as HTMLInputElement).value) / 1000; split(); } }),
      h("div", { id: "swipe-line", hidden: !state.b }),
      h("div", { class: "tools" },
        h("label", { class: "find" }, h("span", { class: "hidden" }, t("search")), h("input", { id: "find", list: "found", placeholder: t("search"), onchange: (e: Event) => find((e.target as HTMLInputElement).value) })),
        h("datalist", { id: "found" }, ...areas.map((a) => h("option", { value: a.label }))),
        h("button", { id: "compare", "aria-pressed": state.b !== null, onclick: compare }, state.b ? t("compareEnd") : t("compare")),
        h("button", { id: "draw", "aria-pressed": state.polygon !== null || drawing !== null, onclick: toggleDrawing }, state.polygon || drawing ? t("drawEnd") : t("draw")),
        h("button", { id: "home", onclick: () => mapA.map.fitBounds(homeBounds, { padding: 24 }) }, t("whole"))),
      h("div", { class: "zoom" }, h("button", { "aria-label": "+", onclick: () => mapA.map.zoomIn() }, "+"), h("button", { "aria-label": "−", onclick: () => mapA.map.zoomOut() }, "−")),
      h("div", { id: "hint", role: "status", hidden: true }),
      h("div", { id: "legend", role: "group", "aria-label": t("legend") }),
      h("div", { id: "card", hidden: true })),
    h("dialog", { id: "note", "aria-labelledby": "note-title" },
      h("h2", { id: "note-title" }, t("howTo")),
      ...methodNote(state.language, about.method, about.parameters).map((p) => h("p", {}, p)),
      h("div", { class: "row" }, h("span", { class: "swatch hatched" }), t("suppressed"), h("span", { class: "swatch", style: `background:${ZERO[state.dark ? "dark" : "light"]}` }), t("zero")),
      h("p", {}, h("button", { class: "main", onclick: () => $<HTMLDialogElement>("note").close() }, t("close")))),
  );
  const view = address.get("c")?.split(",").map(Number).filter(Number.isFinite) ?? [];
  const at = mapA ? { center: mapA.map.getCenter().toArray() as [number, number], zoom: mapA.map.getZoom() } : view.length === 3 ? { center: [view[0], view[1]] as [number, number], zoom: view[2] } : { bounds: homeBounds };
  mapA?.map.remove();
  mapB?.map.remove();
  mapB = null;
  mapA = new GroupMap($("map-a"), about, at, state.dark);
  listen(mapA);
  if (state.b) second();
  void draw();
}

/** Where nearly everybody lives: an island far out does not make all others small. */
async function home(): Promise<[number, number, number, number]> {
  const layer = areaLayers()[0];
  const numbers = layer && (await level(about, layer.name));
  const placed = numbers?.ids.flatMap((_, at) => (numbers.bounds?.[at] ? [{ people: countOf(numbers, at, [0]).value ?? 0, box: numbers.bounds[at]! }] : [])) ?? [];
  const all = placed.reduce((sum, { people }) => sum + people, 0);
  if (all === 0) return about.bounds;
  const edge = (side: 0 | 1 | 2 | 3) => {
    const sorted = placed.map(({ people, box }) => ({ people, at: box[side] })).sort((x, y) => (side < 2 ? x.at - y.at : y.at - x.at));
    let beyond = 0;
    return (sorted.find(({ people }) => (beyond += people) > 0.008 * all) ?? sorted[0]).at;
  };
  return [edge(0), edge(1), edge(2), edge(3)];
}

const title = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

function choice(id: string, label: string, options: [string, string][], chosen: string, set: (value: string) => void): HTMLElement {
  return h("fieldset", { id }, h("legend", {}, label), h("div", { class: "segments" },
    ...options.map(([value, text]) => h("button", { type: "button", "data-value": value, "aria-pressed": value === chosen, onclick: () => {
      set(value);
      for (const button of $(id).querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.value === value));
      void draw();
    } }, text))));
}

/** Chips of all dimensions; what is not published together with the chosen ones takes their place. */
function groups(): void {
  const selection = state.editing === "b" && state.b ? state.b : state.a;
  const toggle = (dimension: number, category: number) => {
    const before = selection.get(dimension) ?? [];
    const after = before.includes(category) ? before.filter((c) => c !== category) : [...before, category].sort((x, y) => x - y);
    if (!compatible(about, new Map([...selection].filter(([d]) => d !== dimension)), dimension)) selection.clear();
    if (after.length === 0 || after.length === about.dimensions[dimension].categories.length) selection.delete(dimension);
    else selection.set(dimension, after);
    $("reading").replaceChildren();
    void draw();
  };
  const focused = document.activeElement?.id;
  $("groups").replaceChildren(
    ...(state.b ? [h("div", { class: "segments sides" }, ...(["a", "b"] as const).map((side) =>
      h("button", { id: `side-${side}`, "aria-pressed": state.editing === side, onclick: () => { state.editing = side; void draw(); } }, `${t(side === "a" ? "left" : "right")}: ${groupName(side === "a" ? state.a : state.b!)}`)))] : []),
    h("button", { id: "everybody", class: "chip", "aria-pressed": selection.size === 0, onclick: () => { selection.clear(); $("reading").replaceChildren(); void draw(); } }, t("everybody")),
    ...about.dimensions.map((d, dimension) => h("div", { class: "dimension", role: "group", "aria-label": d.label }, h("span", { class: "name" }, d.label),
      ...d.categories.map((name, category) => h("button", { id: `chip-${dimension}-${category}`, class: "chip", "aria-pressed": selection.get(dimension)?.includes(category) ?? false, onclick: () => toggle(dimension, category) }, name)))),
  );
  if (focused) document.getElementById(focused)?.focus();
}

async function ask(): Promise<void> {
  const text = $<HTMLInputElement>("question").value;
  const reading = read(about, areas, text);
  const out = $("reading");
  if (!reading.known) {
    out.replaceChildren(h("p", { class: "warn" }, t("nothingRead")));
    return;
  }
  const note: Node[] = [];
  if (reading.chips.length) note.push(h("p", {}, `${t("readAs")}: `, ...reading.chips.map((c) => h("span", { class: "chip read", title: c.words }, c.label))));
  if (reading.unsure.length) note.push(h("p", { class: "warn" }, `${t("unsure")} `, ...reading.unsure.map((q) => suggestion(q))));
  if (reading.unread.length) note.push(h("p", { class: "warn" }, `${t("unread")}: ${reading.unread.join(", ")}`));
  if (columnsOf(about, reading.selection) === null) {
    const parts = [...reading.selection].map((part) => written(about, new Map([part])));
    note.push(h("p", { class: "warn" }, `${written(about, reading.selection)} ${t("notTogether")} `, ...parts.map((q) => suggestion(q))));
    out.replaceChildren(...note);
    return;
  }
  out.replaceChildren(...note);
  if (state.editing === "b" && state.b) state.b = reading.selection;
  else state.a = reading.selection;
  if (reading.area) {
    state.by = reading.area.level;
    state.selected = reading.area.id;
    const area = areas.find((a) => a.id === reading.area!.id);
    if (area) find(area.label);
    for (const button of $("by").querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.value === state.by));
  }
  await draw();
}

const suggestion = (query: string) => h("button", { class: "chip", onclick: () => { $<HTMLInputElement>("question").value = query; void ask(); } }, query);

let drawn = 0, drawnLayer = "";
/** Everything that depends on the state. */
async function draw(): Promise<void> {
  const turn = ++drawn;
  groups();
  const layer = current();
  drawnLayer = layer.name;
  const columnsA = columnsOf(about, state.a) ?? [0];
  const columnsB = state.b ? (columnsOf(about, state.b) ?? [0]) : null;
  const [numbers, wholeA, wholeB] = await Promise.all([level(about, layer.name), told(columnsA), columnsB ? told(columnsB) : null]);
  if (turn !== drawn) return;
  const inside = state.polygon ? within(numbers, state.polygon) : undefined;
  const editingB = state.editing === "b" && columnsB && wholeB;
  const result = answer(numbers, editingB ? columnsB : columnsA, editingB ? wholeB : wholeA, inside);
  const shown = (columns: number[], of: { whole: Whole; base: Whole }) => {
    const rows = answer(numbers, columns, of).rows;
    const values = rows.map(measured).filter((v): v is number => v !== null);
    const overall = of.base.count > 0 && of.whole.count > 0 ? of.whole.count / of.base.count : null;
    return { values, overall, columns };
  };
  const a = shown(columnsA, wholeA), b = columnsB && wholeB ? shown(columnsB, wholeB) : null;
  // One scale for both sides, so that a colour means the same on either.
  const scale = classes([...a.values, ...(b?.values ?? [])], state.measure, state.dark);
  const view = (side: typeof a) => ({
    columns: side.columns, measure: state.measure, filled: [layer], borders: areaLayers(), overall: side.overall, dark: state.dark,
    classes: new Map([[layer.name, scale]]),
  });
  void mapA.show(view(a));
  if (b && mapB) void mapB.show(view(b));
  names();
  mark();
  legend(scale, layer);
  sentence(result, layer, inside !== undefined);
  ranking(result);
  histogram(result, scale);
  remember();
  for (const [id, on] of [["compare", state.b !== null], ["draw", state.polygon !== null || drawing !== null]] as const) $(id).setAttribute("aria-pressed", String(on));
  $("print-title").textContent = `${about.title} – ${groupName(state.a)} – ${t(state.measure)}`;
  document.body.dataset.drawn = String(turn);
}

function names(): void {
  const layer = areaLayers()[0];
  if (!layer) return;
  void level(about, layer.name).then((numbers) => {
    const features = numbers.ids.flatMap((id, at): GeoJSON.Feature[] => {
      const point = outlines[id] ? inner(outlines[id]) : null;
      const box = numbers.bounds?.[at];
      const where = point ?? (box ? [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] : null);
      return where ? [{ type: "Feature", properties: { label: numbers.labels?.[at] ?? id, people: countOf(numbers, at, [0]).value ?? 0 }, geometry: { type: "Point", coordinates: where } }] : [];
    });
    mapA.names(features);
    mapB?.names(features);
  });
}

/** The middle of the largest ring. */
function inner(geometry: GeoJSON.Geometry): [number, number] | null {
  const rings = geometry.type === "Polygon" ? [geometry.coordinates[0]] : geometry.type === "MultiPolygon" ? geometry.coordinates.map((p) => p[0]) : [];
  let best: [number, number] | null = null, largest = 0;
  for (const points of rings) {
    let area = 0, x = 0, y = 0;
    for (let i = 0; i + 1 < points.length; i++) {
      const cross = points[i][0] * points[i + 1][1] - points[i + 1][0] * points[i][1];
      area += cross; x += (points[i][0] + points[i + 1][0]) * cross; y += (points[i][1] + points[i + 1][1]) * cross;
    }
    if (Math.abs(area) > largest) { largest = Math.abs(area); best = [x / (3 * area), y / (3 * area)]; }
  }
  return best;
}

function outlineOf(id: string): GeoJSON.Geometry | null {
  if (cell(id)) return { type: "Polygon", coordinates: [ring(id)] };
  return outlines[id] ?? null;
}

function mark(): void {
  const outline = state.selected ? outlineOf(state.selected) : null;
  const features: GeoJSON.Feature[] = outline ? [{ type: "Feature", properties: {}, geometry: outline }] : [];
  mapA.mark(features);
  mapB?.mark(features);
}

function sentence(result: Answer, layer: Layer, isDrawn: boolean): void {
  const l = state.language, { rows } = result;
  const out = $("answer");
  const sum = isDrawn ? rows.reduce((s, r) => s + r.count.value!, 0) : result.whole.count;
  const base = isDrawn ? rows.reduce((s, r) => s + (r.base.value ?? 0), 0) : result.base.count;
  if (isDrawn && base < LEAST_PEOPLE) {
    out.replaceChildren(h("p", {}, t("drawnFew")));
    return;
  }
  const atLeast = isDrawn ? result.withheld > 0 : result.whole.atLeast;
  const parts: (Node | string)[] = [];
  const selection = state.editing === "b" && state.b ? state.b : state.a;
  const head = h("p", { class: "big" }, `${atLeast ? `${t("atLeast")} ` : ""}${number(l, sum)} `, h("span", {}, t("persons")));
  if (base > 0 && selection.size > 0 && !atLeast) parts.push(`${number(l, (100 * sum) / base, 1)} % ${t("of")} ${number(l, base)}. `);
  if (rows[0]) parts.push(`${title(t("mostIn"))} `, h("b", {}, name(rows[0].id, rows[0].label)), ` (${number(l, rows[0].count.value!)}). `);
  if (result.smallest && !isDrawn) parts.push(`${number(l, result.smallest)} ${t("of")} ${number(l, result.places)} ${t("ofPlaces")} ${t("hold")}. `);
  if (result.withheld) parts.push(`${title(t("withheldIn"))} ${number(l, result.withheld)} ${t("ofPlaces")}.`);
  const chosen = rows.find((r) => r.id === state.selected);
  if (chosen) parts.push(h("br"), h("b", {}, name(chosen.id, chosen.label)), `: ${number(l, chosen.count.value!)}${chosen.share !== null && selection.size ? ` (${number(l, 100 * chosen.share, 1)} %)` : ""}`);
  out.replaceChildren(h("p", { class: "what" }, `${isDrawn ? `${t("drawn")}: ` : ""}${groupName(selection)} · ${layer.size_m ? levelName(layer) : title(layer.level)}`), head, h("p", {}, ...parts), h("code", { class: "query" }, written(about, selection)));
}

const levelName = (layer: Layer) => `${t("cells")} ${layer.size_m! >= 1000 ? `${layer.size_m! / 1000} km` : `${layer.size_m} m`}`;
const name = (id: string, label: string) => {
  const of = cell(id);
  return of ? `N ${number(state.language, of.northing / 1000, 1)} · E ${number(state.language, of.easting / 1000, 1)} km` : label;
};

function ranking(result: Answer): void {
  const rows = [...result.rows].filter((r) => measured(r) !== null).sort((x, y) => measured(y)! - measured(x)! || (x.id < y.id ? -1 : 1));
  const most = Math.max(...rows.slice(0, 1).map((r) => measured(r)!), 1e-9);
  $("ranking").replaceChildren(
    ...rows.slice(0, shownRows).map((row) => h("li", {}, h("button", { class: "rank", "data-id": row.id, "aria-pressed": row.id === state.selected, onclick: () => select(row.id, true) },
      h("span", { class: "bar", style: `width:${Math.max(1, (100 * measured(row)!) / most)}%` }), h("span", { class: "place" }, name(row.id, row.label)), h("span", { class: "figure" }, measureText(measured(row)))))),
    ...(rows.length > shownRows ? [h("li", { class: "more" }, h("button", { class: "quiet", onclick: () => { shownRows += 50; ranking(result); } }, `${t("more")} (${number(state.language, rows.length - shownRows)})`))] : []),
  );
}

function histogram(result: Answer, of: Classes): void {
  const values = result.rows.map(measured).filter((v): v is number => v !== null && v > 0).sort((x, y) => x - y);
  const out = $("histogram");
  if (values.length === 0) return out.replaceChildren();
  // The highest hundredth would leave all others in one bar.
  const high = values[Math.min(values.length - 1, Math.floor(values.length * 0.99))] || 1, bars = 24, counts = new Array<number>(bars).fill(0);
  for (const v of values) counts[Math.min(bars - 1, Math.floor((v / high) * bars))] += 1;
  const most = Math.max(...counts);
  out.setAttribute("aria-label", `${t("distribution")}: ${number(state.language, values.length)} ${t("places")}, ${measureText(values[0])} – ${measureText(values[values.length - 1])}`);
  out.replaceChildren(h("div", { class: "bars" }, ...counts.map((n, i) => h("i", { style: `height:${n ? Math.max(3, (100 * n) / most) : 0}%;background:${of.colors[classOf(of, ((i + 0.5) / bars) * high)] ?? "gray"}` }))),
    h("div", { class: "axis" }, h("span", {}, measureText(0)), h("span", {}, `≥ ${measureText(high)}`)));
}

function legend(of: Classes, layer: Layer): void {
  const from = (i: number) => measureText(of.starts[i]);
  const entries = of.starts.map((_, i) => h("div", {}, h("span", { class: "swatch", style: `background:${of.colors[i]}` }), i + 1 < of.starts.length ? (state.measure === "count" ? (of.starts[i + 1] - 1 === of.starts[i] ? from(i) : `${from(i)} – ${number(state.language, of.starts[i + 1] - 1)}`) : `${from(i)} – ${from(i + 1)}`) : `≥ ${from(i)}`));
  $("legend").replaceChildren(
    h("strong", {}, state.b ? `${groupName(state.a)} | ${groupName(state.b)}` : groupName(state.a)), h("span", { class: "sub" }, `${t(state.measure)} · ${layer.size_m ? levelName(layer) : title(layer.level)}${state.measure === "quotient" ? ` · ${t("average")}` : ""}`),
    ...entries,
    h("div", {}, h("span", { class: "swatch", style: `background:${ZERO[state.dark ? "dark" : "light"]}` }), t("zero")),
    h("div", {}, h("span", { class: "swatch hatched" }), t("suppressed")),
    h("div", {}, h("span", { class: "swatch empty" }), t("none")),
  );
}

async function card(of: GroupMap, point: { x: number; y: number }, pinned: boolean): Promise<void> {
  const found = of.at([point.x, point.y]), out = $("card");
  if (!found) { if (!pinned) out.hidden = true; return; }
  if (pinned) select(found.id, false);
  const numbers = await level(about, found.layer), at = numbers.ids.indexOf(found.id);
  if (at < 0) return;
  const selections = state.b ? [state.a, state.b] : [state.a];
  const l = state.language, base = countOf(numbers, at, [0]);
  const text = (value: number | null, status: string) => (value === null ? t(status === "suppressed" ? "suppressed" : "none") : `${number(l, value)}${status === "uncertain" ? ` (${t("uncertain")})` : ""}`);
  out.replaceChildren(h("strong", {}, name(found.id, numbers.labels?.[at] ?? found.id)),
    ...selections.map((s) => {
      const count = countOf(numbers, at, columnsOf(about, s) ?? [0]);
      const share = count.value !== null && base.value ? ` · ${number(l, (100 * count.value) / base.value, 1)} %` : "";
      return h("div", {}, `${groupName(s)}: `, h("b", {}, text(count.value, count.status)), s.size ? share : "");
    }),
    ...(state.a.size ? [h("div", { class: "sub" }, `${title(t("people"))}: ${text(base.value, base.status)}`)] : []));
  const stage = $("stage").getBoundingClientRect();
  out.style.left = `${Math.min(point.x + 14, stage.width - 260)}px`;
  out.style.top = `${Math.min(point.y + 14, stage.height - 120)}px`;
  out.hidden = false;
}

function select(id: string, fly: boolean): void {
  state.selected = id;
  mark();
  for (const button of document.querySelectorAll<HTMLElement>(".rank")) button.setAttribute("aria-pressed", String(button.dataset.id === id));
  remember();
  if (!fly) return;
  const at = centre(id), area = areas.find((a) => a.id === id);
  if (at) mapA.map.easeTo({ center: at, zoom: Math.max(mapA.map.getZoom(), 9) });
  else if (area) find(area.label);
}

function find(label: string): void {
  const area = areas.find((a) => a.label.toLowerCase() === label.trim().toLowerCase()) ?? areas.find((a) => a.label.toLowerCase().startsWith(label.trim().toLowerCase()));
  const layer = area && areaLayers().find((l) => l.level === area.level);
  if (!area || !layer || label.trim() === "") return;
  void level(about, layer.name).then((numbers) => {
    const box = numbers.bounds?.[numbers.ids.indexOf(area.id)];
    if (box) mapA.map.fitBounds(box, { padding: 60, maxZoom: 13 });
    state.selected = area.id;
    mark();
  });
}

function listen(of: GroupMap): void {
  const { map } = of;
  map.on("mousemove", (e) => { if (drawing) sketch(e.lngLat.toArray() as [number, number]); else void card(of, e.point, false); });
  map.on("mouseout", () => { $("card").hidden = true; });
  map.on("click", (e) => { if (drawing) { drawing.push(e.lngLat.toArray() as [number, number]); sketch(); } else void card(of, e.point, true); });
  map.on("dblclick", (e) => { if (drawing) { e.preventDefault(); finish(); } });
  map.on("moveend", () => {
    if (of !== mapA) return;
    if (current().name !== drawnLayer) void draw();
    else remember();
  });
}

function compare(): void {
  state.b = state.b ? null : new Map(state.a);
  state.editing = state.b ? "b" : "a";
  $("map-b").hidden = $("swipe").hidden = $("swipe-line").hidden = state.b === null;
  $("compare").textContent = state.b ? t("compareEnd") : t("compare");
  if (state.b) second();
  else { mapB?.map.remove(); mapB = null; $("map-b").replaceChildren(); }
  void draw();
}

/** The right map moves with the left one. */
function second(): void {
  const at = () => ({ center: mapA.map.getCenter().toArray() as [number, number], zoom: mapA.map.getZoom() });
  mapB = new GroupMap($("map-b"), about, at(), state.dark);
  listen(mapB);
  const right = mapB;
  let moving = false;
  const follow = (from: GroupMap, to: GroupMap) => from.map.on("move", () => {
    if (moving || mapB !== right) return;
    moving = true;
    to.map.jumpTo({ center: from.map.getCenter(), zoom: from.map.getZoom() });
    moving = false;
  });
  follow(mapA, right);
  follow(right, mapA);
  split();
}

function split(): void {
  const x = `${state.split * 100}%`;
  $("map-b").style.clipPath = `inset(0 0 0 ${x})`;
  $("swipe-line").style.left = x;
}

function toggleDrawing(): void {
  const end = state.polygon !== null || drawing !== null;
  state.polygon = null;
  drawing = end ? null : [];
  mapA.drawing([]);
  if (drawing) mapA.map.doubleClickZoom.disable();
  else mapA.map.doubleClickZoom.enable();
  $("hint").textContent = t("drawHelp");
  $("hint").hidden = !drawing;
  $("draw").textContent = drawing ? t("drawEnd") : t("draw");
  if (end) void draw();
}

function sketch(next?: [number, number]): void {
  const points = [...(drawing ?? []), ...(next ? [next] : [])];
  mapA.drawing(points.length > 1 ? [{ type: "Feature", properties: {}, geometry: points.length > 2 ? { type: "Polygon", coordinates: [[...points, points[0]]] } : { type: "LineString", coordinates: points } }] : []);
}

function finish(): void {
  const points = (drawing ?? []).filter((p, i, all) => i === 0 || p[0] !== all[i - 1][0] || p[1] !== all[i - 1][1]);
  drawing = null;
  $("hint").hidden = true;
  setTimeout(() => mapA.map.doubleClickZoom.enable(), 300);
  state.polygon = points.length >= 3 ? points : null;
  if (state.polygon) state.by = CELLS;
  for (const button of $("by").querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.value === state.by));
  mapA.drawing(state.polygon ? [{ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [[...points, points[0]]] } }] : []);
  $("draw").textContent = state.polygon ? t("drawEnd") : t("draw");
  void draw();
}

/** Places whose middle is inside: a drawn line never cuts a cell. */
function within(numbers: Level, polygon: [number, number][]): Set<number> {
  const inside = new Set<number>();
  numbers.ids.forEach((id, at) => {
    const box = numbers.bounds?.[at];
    const point = centre(id) ?? (box ? [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] : null);
    if (!point) return;
    let hit = false;
    for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
      const [xi, yi] = polygon[i], [xj, yj] = polygon[j];
      if (yi > point[1] !== yj > point[1] && point[0] < ((xj - xi) * (point[1] - yi)) / (yj - yi) + xi) hit = !hit;
    }
    if (hit) inside.add(at);
  });
  return inside;
}

async function table(kind: "csv" | "geojson"): Promise<void> {
  const numbers = await level(about, current().name);
  const columns = columnsOf(about, state.a) ?? [0];
  const inside = state.polygon ? within(numbers, state.polygon) : undefined;
  const rows = numbers.ids.flatMap((id, at) => (inside && !inside.has(at) ? [] : [{ id, label: numbers.labels?.[at] ?? "", count: countOf(numbers, at, columns), base: countOf(numbers, at, [0]) }]));
  const head = { query: written(about, state.a), title: about.title, date: state.date ?? "", attribution: about.attribution, method: about.method };
  if (kind === "csv") save(`kleinraum_${current().name}.csv`, "text/csv;charset=utf-8", csv(rows, head));
  else save(`kleinraum_${current().name}.geojson`, "application/geo+json", geojson(rows, head, outlineOf));
}

async function png(): Promise<void> {
  const left = mapA.map.getCanvas(), right = mapB?.map.getCanvas() ?? null;
  const lines = [...$("legend").querySelectorAll("div")].map((row) => ({ text: row.textContent ?? "", color: row.querySelector<HTMLElement>(".swatch")?.style.background ?? "", hatched: row.querySelector(".hatched") !== null }));
  const blob = await picture({ left, right, split: state.split, title: about.title, sub: `${groupName(state.a)}${state.b ? ` | ${groupName(state.b)}` : ""} · ${t(state.measure)}`, source: `${t("source")}: ${about.attribution} ${state.date ? `· ${dateText(state.language, state.date)}` : ""}`, lines, dark: state.dark });
  if (blob) save("kleinraum.png", "image/png", blob);
}

async function copy(): Promise<void> {
  remember();
  await navigator.clipboard?.writeText(location.href).catch(() => undefined);
  const button = $("share");
  button.textContent = t("linkDone");
  setTimeout(() => { if ($("share") === button) button.textContent = t("link"); }, 2000);
}

/** The whole state in the address. */
function remember(): void {
  const centre = mapA.map.getCenter();
  const params = new URLSearchParams({ b: state.bundle, q: written(about, state.a), m: state.measure, by: state.by, c: `${centre.lng.toFixed(5)},${centre.lat.toFixed(5)},${mapA.map.getZoom().toFixed(2)}`, lang: state.language, dark: state.dark ? "1" : "0" });
  if (state.b) { params.set("v", written(about, state.b)); params.set("x", state.split.toFixed(3)); }
  if (state.date && about.dates.length > 1) params.set("d", state.date);
  if (state.selected) params.set("s", state.selected);
  if (state.polygon) params.set("p", state.polygon.map((p) => p.map((n) => n.toFixed(5)).join(",")).join(";"));
  history.replaceState(null, "", `#${params}`);
}

async function open(bundle: string, fresh: boolean): Promise<void> {
  about = await json<About>(`b/${encodeURIComponent(bundle)}/about.json`);
  state.bundle = bundle;
  if (fresh) { address.forEach((_, key) => address.delete(key)); state.a = new Map(); state.b = null; state.selected = null; state.polygon = null; if (mapA) { mapA.map.remove(); mapA = undefined as never; } }
  const dated = address.get("d");
  state.date = about.dates.includes(dated) ? dated : (about.dates[about.dates.length - 1] ?? null);
  state.a = parse(about, address.get("q") ?? "*") ?? new Map();
  state.b = address.has("v") ? parse(about, address.get("v")!) : null;
  state.split = Number(address.get("x") ?? 0.5) || 0.5;
  const measure = address.get("m");
  state.measure = measure === "share" || measure === "quotient" ? measure : "count";
  const levels = [CELLS, ...areaLayers().map((l) => l.level)];
  state.by = levels.includes(address.get("by") ?? "") ? address.get("by")! : CELLS;
  const polygon = (address.get("p") ?? "").split(";").map((p) => p.split(",").map(Number)).filter((p) => p.length === 2 && p.every(Number.isFinite)) as [number, number][];
  state.polygon = polygon.length >= 3 ? polygon : null;
  areas = [];
  outlines = {};
  for (const layer of areaLayers()) {
    const numbers = await level(about, layer.name);
    numbers.ids.forEach((id, at) => areas.push({ level: layer.level, id, label: numbers.labels?.[at] ?? id }));
    if (numbers.bounds?.some((b) => b !== null)) Object.assign(outlines, await json<Record<string, GeoJSON.Geometry>>(`b/${encodeURIComponent(bundle)}/outlines/${encodeURIComponent(layer.name)}.json`).catch(() => ({})));
  }
  homeBounds = await home();
  frame();
  if (state.polygon) mapA.drawing([{ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [[...state.polygon, state.polygon[0]]] } }]);
}

addEventListener("keydown", (e) => {
  const typing = e.target instanceof HTMLInputElement || e.target instanceof HTMLSelectElement;
  if (e.key === "/" && !typing) { e.preventDefault(); $("question").focus(); }
  if (e.key === "Escape" && drawing) toggleDrawing();
  if (e.key === "Enter" && drawing && !typing) { e.preventDefault(); finish(); }
});

async function start(): Promise<void> {
  try {
    bundles = await json<{ name: string; title: string }[]>("bundles.json");
    const wanted = address.get("b");
    await open(bundles.find((b) => b.name === wanted)?.name ?? bundles[0].name, false);
  } catch (error) {
    app.replaceChildren(h("p", { role: "alert", class: "fatal" }, `${t("failed")} ${error instanceof Error ? error.message : ""}`));
  }
}
void start();
