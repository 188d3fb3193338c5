// The planner's page: where does which group live? State lives in one object and in the address; every change draws what depends on it.

import "./style.css";
import { type Classes, classes, classOf, ZERO } from "./colors";
import { csv, geojson, type Line, picture, save } from "./download";
import { cell, centre, ring } from "./grid";
import { type Background, GroupMap, type Padding } from "./map";
import { type About, type Answer, answer, columnsOf, compatible, countOf, json, type Layer, type Level, level, type Row, type Selection, values, type Whole, whole } from "./model";
import { type Area, parse, read, written } from "./phrase";
import { dateText, type Language, methodLine, methodNote, number, say, type Word } from "./words";

type Measure = "count" | "share" | "quotient";
interface State {
  bundle: string; a: Selection; b: Selection | null; editing: "a" | "b"; measure: Measure; by: string; date: string | null;
  language: Language; dark: boolean; selected: string | null; polygon: [number, number][] | null; split: number; times: boolean;
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
/** Browsers keep sixteen drawing contexts. */
const MOST_TIMES = 12;

const address = new URLSearchParams(location.hash.slice(1));
const state: State = {
  bundle: "", a: new Map(), b: null, editing: "a", measure: "count", by: "", date: null,
  language: (address.get("lang") ?? (navigator.language.startsWith("en") ? "en" : "de")) === "en" ? "en" : "de",
  dark: address.has("dark") ? address.get("dark") === "1" : matchMedia("(prefers-color-scheme: dark)").matches,
  selected: address.get("s"), polygon: null, split: 0.5, times: false,
};
let about: About, areas: Area[] = [], mapA: GroupMap, mapB: GroupMap | null = null, drawing: [number, number][] | null = null;
let outlines: Record<string, GeoJSON.Geometry> = {};
let bundles: { name: string; title: string }[] = [];
let settings: { served: boolean; background: Background | null } = { served: false, background: null };
/** One small map for each date, where those are shown side by side. */
let small: { date: string | null; map: GroupMap; caption: HTMLElement }[] = [];
let shownRows = 12;
let homeBounds: [number, number, number, number];
const t = (word: Word) => say(state.language, word);
const app = document.getElementById("app")!;
const $ = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

const ofDate = (date = state.date) => about.layers.filter((l) => l.date === date);
const lead = () => small[0]?.map ?? mapA;
const cellLayers = () => ofDate().filter((l) => l.size_m !== null);
const areaLayers = (date = state.date) => ofDate(date).filter((l) => l.size_m === null);
/** The layer that the map fills at this zoom. */
function current(): Layer {
  if (state.by !== CELLS) return areaLayers().find((l) => l.level === state.by) ?? cellLayers()[0];
  const zoom = mapA ? lead().map.getZoom() : 9;
  const fits = (l: Layer) => l.zooms !== null && zoom >= l.zooms[0] && (zoom < l.zooms[1] + 1 || l.zooms[1] >= 14);
  return cellLayers().find(fits) ?? cellLayers()[cellLayers().length - 1];
}
const groupName = (selection: Selection) =>
  [...selection].sort((x, y) => x[0] - y[0]).map(([d, c]) => `${about.dimensions[d].label}: ${c.map((i) => about.dimensions[d].categories[i]).join(" / ")}`).join(" · ") || t("everybody");

/** What was added up before: everybody is asked for with each group. */
const sums = new Map<string, Whole>();
async function told(columns: number[], date = state.date): Promise<{ whole: Whole; base: Whole }> {
  // Coarse layers tell nearly everything and are small.
  const coarse = ofDate(date).filter((l) => l.places <= 20_000), layers = coarse.length ? coarse : ofDate(date);
  const all = await Promise.all(layers.map((l) => level(about, l.name)));
  const of = about.method === "cell-key" ? all.filter((_, i) => layers[i].size_m !== null) : all;
  const summed = (columns: number[]) => {
    const key = `${about.name} ${about.version} ${date} ${columns}`, known = sums.get(key) ?? whole(of, columns, about.method);
    sums.set(key, known);
    return known;
  };
  return { whole: summed(columns), base: summed([0]) };
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
    h("aside", { class: "panel", "aria-label": about.title }, h("div", { class: "side" },
      h("header", {},
        h("h1", {}, about.title),
        h("div", { class: "row" },
          h("button", { id: "language", class: "quiet", lang: state.language === "de" ? "en" : "de", onclick: () => { state.language = state.language === "de" ? "en" : "de"; frame(); } }, t("language")),
          h("button", { id: "theme", class: "quiet", onclick: () => { state.dark = !state.dark; document.documentElement.dataset.theme = state.dark ? "dark" : "light"; void draw(); } }, t("theme")),
          h("button", { id: "howto", class: "quiet", onclick: () => $<HTMLDialogElement>("note").showModal() }, t("howTo")))),
      bundles.length > 1 ? h("label", { class: "field" }, t("bundle"), h("select", { id: "bundle", onchange: (e: Event) => { void open((e.target as HTMLSelectElement).value, true); } },
        ...bundles.map((b) => h("option", { value: b.name, selected: b.name === state.bundle }, bundles.filter((other) => other.title === b.title).length > 1 ? `${b.name}: ${b.title}` : b.title || b.name)))) : null,
      h("form", { class: "ask", role: "search", onsubmit: (e: Event) => { e.preventDefault(); void ask(); } },
        h("label", { for: "question" }, t("ask")),
        h("div", { class: "row" }, h("input", { id: "question", type: "search", maxlength: 500, placeholder: t("askExample"), autocomplete: "off" }), h("button", { class: "main", type: "submit", "aria-label": t("askButton"), title: t("askButton") }, "→"))),
      h("div", { id: "reading", role: "status", "aria-live": "polite" }),
      h("section", { id: "answer", class: "answer", role: "status", "aria-live": "polite" }, t("loading")),
      h("section", { id: "groups", "aria-label": t("group") }),
      h("section", { class: "choices" },
        choice("measure", t("measure"), [["count", t("count")], ["share", t("share")], ["quotient", t("quotient")]], state.measure, (v) => { state.measure = v as Measure; }),
        choice("by", t("places"), [[CELLS, t("cells")], ...areaLayers().map((l) => [l.level, title(l.level)] as [string, string])], state.by, (v) => { state.by = v; state.selected = null; if (v !== CELLS) forget(); })),
      about.dates.length > 1 ? h("label", { class: "field" }, `${t("date")}: `, h("output", { id: "date-shown" }, dateText(state.language, state.date ?? "")),
        h("input", { id: "date", type: "range", min: 0, max: about.dates.length - 1, value: about.dates.indexOf(state.date), "aria-valuetext": state.date ?? "", oninput: (e: Event) => { const input = e.target as HTMLInputElement; state.date = about.dates[Number(input.value)]; input.setAttribute("aria-valuetext", state.date ?? ""); $("date-shown").textContent = dateText(state.language, state.date ?? ""); void draw(); } })) : null), h("div", { class: "side" },
      h("section", { id: "distribution" }, h("h2", {}, t("distribution")), h("div", { id: "histogram", role: "img", "aria-label": t("distribution") })),
      h("section", {}, h("h2", { id: "ranking-title", tabindex: -1 }, t("ranking")), h("ol", { id: "ranking" })),
      h("section", {}, h("h2", {}, t("download")),
        h("div", { class: "row wrap" },
          h("button", { id: "csv", onclick: () => void table("csv") }, t("csv")),
          h("button", { id: "geojson", onclick: () => void table("geojson") }, "GeoJSON"),
          settings.served ? h("button", { id: "gpkg", onclick: geopackage }, "GeoPackage") : null,
          h("button", { id: "png", onclick: () => void png() }, "PNG"),
          h("button", { id: "pdf", onclick: () => print() }, t("print")),
          h("button", { id: "share", onclick: () => void copy() }, t("link")))),
      h("footer", {}, h("p", {}, `${t("source")}: ${about.attribution || about.title}`, h("span", { id: "as-of" })),
        settings.background?.attribution ? h("p", {}, `${t("background")}: ${settings.background.attribution}`) : null,
        h("p", {}, `${methodLine(state.language, about.method, about.parameters)} · kleinraum ${about.kleinraum} · `, h("a", { href: `b/${about.name}/report.html`, target: "_blank", rel: "noopener" }, t("report")))))),
    h("main", { id: "stage", "aria-label": t("map") },
      h("div", { id: "map-a", class: "map" }),
      h("div", { id: "map-b", class: "map", hidden: !state.b }),
      h("input", { id: "swipe", type: "range", min: 0, max: 1000, value: state.split * 1000, "aria-label": t("divider"), hidden: !state.b, oninput: (e: Event) => { state.split = Number((e.target as HTMLInputElement).value) / 1000; split(); } }),
      h("div", { id: "swipe-line", hidden: !state.b }),
      h("div", { id: "tag-a", class: "tag", hidden: !state.b }),
      h("div", { id: "tag-b", class: "tag", hidden: !state.b }),
      h("div", { id: "times", hidden: true }),
      h("div", { class: "tools" },
        h("label", { class: "find" }, h("span", { class: "hidden" }, t("search")), h("input", { id: "find", list: "found", placeholder: t("search"), onchange: (e: Event) => find((e.target as HTMLInputElement).value) })),
        h("datalist", { id: "found" }, ...areas.map((a) => h("option", { value: a.label }))),
        h("button", { id: "compare", "aria-pressed": state.b !== null, onclick: compare }, state.b ? t("compareEnd") : t("compare")),
        h("button", { id: "draw", "aria-pressed": state.polygon !== null || drawing !== null, onclick: toggleDrawing }, state.polygon || drawing ? t("drawEnd") : t("draw")),
        about.dates.length > 1 ? h("button", { id: "all-dates", "aria-pressed": state.times, onclick: () => { toggleTimes(); void draw(); } }, t("allDates")) : null),
      h("div", { class: "zoom" }, h("button", { "aria-label": t("zoomIn"), onclick: () => lead().map.zoomIn() }, "+"), h("button", { "aria-label": t("zoomOut"), onclick: () => lead().map.zoomOut() }, "−"),
        h("button", { id: "home", "aria-label": t("whole"), title: t("whole"), onclick: () => lead().map.fitBounds(homeBounds, { padding: small.length ? 10 : around() }) }, "⌂")),
      h("div", { id: "hint", role: "status", hidden: true }),
      h("div", { id: "legend", role: "group", "aria-label": t("legend") }),
      h("div", { id: "card", hidden: true })),
    h("dialog", { id: "note", "aria-labelledby": "note-title" },
      h("h2", { id: "note-title" }, t("howTo")),
      ...methodNote(state.language, about.method, about.parameters).map((p) => h("p", {}, p)),
      h("div", { class: "row" }, ...(perturbs() ? [] : [h("span", { class: "swatch hatched" }), t("suppressed")]), h("span", { class: "swatch", style: `background:${ZERO[state.dark ? "dark" : "light"]}` }), t(perturbs() ? "zeroOrFew" : "zero")),
      h("p", {}, h("button", { class: "main", onclick: () => $<HTMLDialogElement>("note").close() }, t("close")))),
  );
  const view = address.get("c")?.split(",").map(Number).filter(Number.isFinite) ?? [];
  const at: { center?: [number, number]; zoom?: number; bounds?: [number, number, number, number]; padding?: Padding } = mapA ? { center: mapA.map.getCenter().toArray() as [number, number], zoom: mapA.map.getZoom() } : view.length === 3 ? { center: [view[0], view[1]] as [number, number], zoom: view[2] } : { bounds: homeBounds, padding: around() };
  mapA?.map.remove();
  mapB?.map.remove();
  mapB = null;
  for (const { map } of small) map.map.remove();
  small = [];
  mapA = new GroupMap($("map-a"), about, at, { dark: state.dark, background: settings.background });
  listen(mapA);
  if (state.b) second();
  if (state.times) { state.times = false; toggleTimes(true); }
  void draw();
}

/** Room for what lies over the map; on a narrow stage beside the legend. */
const around = () => ({ top: 70, bottom: 24, left: 24, right: $("stage").clientWidth < 900 ? 214 : 24 });

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
  // Whatever lies close to these is shown whole.
  const [west, south, east, north] = [edge(0), edge(1), edge(2), edge(3)], [wide, high] = [(east - west) / 4, (north - south) / 4];
  const near = placed.map(({ box }) => box).filter((box) => box[2] > west - wide && box[0] < east + wide && box[3] > south - high && box[1] < north + high);
  return [Math.min(...near.map((b) => b[0])), Math.min(...near.map((b) => b[1])), Math.max(...near.map((b) => b[2])), Math.max(...near.map((b) => b[3]))];
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
  // "Kinder unter sechs" says the age twice: the narrower one counts.
  const chips = [...new Map(reading.chips.map((c) => [c.label.split(": ")[0], c])).values()];
  if (chips.length) note.push(h("p", {}, `${t("readAs")}: `, ...chips.map((c) => h("span", { class: "chip read", title: c.words }, c.label))));
  if (reading.unsure.length) note.push(h("p", { class: "warn" }, `${t("unsure")} `, ...reading.unsure.map((q) => suggestion(q))));
  if (reading.unread.length) note.push(h("p", { class: "warn" }, `${t("unread")}: ${reading.unread.join(", ")}`));
  if (reading.otherUnits.length) note.push(h("p", { class: "warn" }, `${t("otherUnits")}: ${reading.otherUnits.join(", ")}`));
  if (columnsOf(about, reading.selection) === null) {
    const parts = [...reading.selection].map((part) => new Map([part]));
    note.push(h("p", { class: "warn" }, `${groupName(reading.selection)} ${t("notTogether")} `, ...parts.map((part) => suggestion(written(about, part), groupName(part)))));
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

const suggestion = (query: string, words = query) => h("button", { class: "chip", onclick: () => { $<HTMLInputElement>("question").value = query; void ask(); } }, words);

let drawn = 0, drawnLayer = "";
/** Everything that depends on the state. */
async function draw(): Promise<void> {
  const turn = ++drawn;
  $("card").hidden = true;
  groups();
  const layer = current();
  drawnLayer = layer.name;
  const columnsA = columnsOf(about, state.a) ?? [0];
  const columnsB = state.b ? (columnsOf(about, state.b) ?? [0]) : null;
  const [numbers, wholeA, wholeB] = await Promise.all([level(about, layer.name), told(columnsA), columnsB ? told(columnsB) : null]);
  if (turn !== drawn) return;
  const inside = state.polygon ? within(numbers, state.polygon) : undefined;
  const shown = (columns: number[], of: { whole: Whole; base: Whole }) => {
    const overall = of.base.count > 0 && of.whole.count > 0 ? of.whole.count / of.base.count : null;
    return { values: values(numbers, columns, of, state.measure), overall, columns };
  };
  const a = shown(columnsA, wholeA), b = columnsB && wholeB ? shown(columnsB, wholeB) : null;
  // One scale for both sides, so that a colour means the same on either.
  const scale = classes([...a.values, ...(b?.values ?? [])], state.measure, state.dark);
  const view = (side: typeof a) => ({
    columns: side.columns, measure: state.measure, filled: [layer], borders: areaLayers(), overall: side.overall, dark: state.dark,
    classes: new Map([[layer.name, scale]]),
  });
  if (small.length) {
    await series(layer, columnsA);
    if (turn !== drawn) return;
    void Promise.all(small.map((one) => one.map.idle())).then(() => { document.body.dataset.onMap = String(turn); });
  } else void mapA.show(view(a)).then(() => mapA.idle()).then(() => { document.body.dataset.onMap = String(turn); });
  if (b && mapB) void mapB.show(view(b));
  // Of many places the list takes longer than the tiles: their workers begin first, with the next frame.
  if (numbers.ids.length > 50_000) {
    await Promise.race([new Promise(requestAnimationFrame), new Promise((done) => setTimeout(done, 100))]);
    if (turn !== drawn) return;
  }
  const editingB = state.editing === "b" && columnsB && wholeB;
  const result = answer(numbers, editingB ? columnsB : columnsA, editingB ? wholeB : wholeA, inside);
  $("as-of").textContent = state.date ? ` · ${t("date")} ${dateText(state.language, state.date)}` : "";
  names();
  mark();
  legend(small.length ? seriesScale : scale, layer);
  sentence(result, layer, inside !== undefined);
  ranking(result);
  histogram(result, scale);
  remember();
  for (const [id, on] of [["compare", state.b !== null], ["draw", state.polygon !== null || drawing !== null]] as const) $(id).setAttribute("aria-pressed", String(on));
  $("tag-a").textContent = groupName(state.a);
  $("tag-b").textContent = state.b ? groupName(state.b) : "";
  document.body.dataset.drawn = String(turn);
}

let seriesScale: Classes = { starts: [], colors: [] };
/** The same level on every date, with one classification for all of them. */
async function series(layer: Layer, columns: number[]): Promise<void> {
  const sides = await Promise.all(small.map(async (one) => {
    const of = about.layers.find((l) => l.level === layer.level && l.date === one.date) ?? layer;
    const [numbers, told1] = await Promise.all([level(about, of.name), told(columns, one.date)]);
    return { ...one, layer: of, told: told1, values: values(numbers, columns, told1, state.measure) };
  }));
  seriesScale = classes(sides.flatMap((side) => side.values), state.measure, state.dark);
  for (const side of sides) {
    const { whole: group, base } = side.told, overall = base.count > 0 && group.count > 0 ? group.count / base.count : null;
    void side.map.show({ columns, measure: state.measure, filled: [side.layer], borders: areaLayers(side.date), overall, dark: state.dark, classes: new Map([[side.layer.name, seriesScale]]) });
    const share = state.a.size && overall !== null && !group.atLeast && !base.atLeast ? ` · ${number(state.language, 100 * overall, 1)} %` : "";
    side.caption.textContent = `${dateText(state.language, side.date ?? "")}: ${group.atLeast ? `${t("atLeast")} ` : ""}${number(state.language, group.count)}${share}`;
    side.caption.parentElement!.setAttribute("aria-current", String(side.date === state.date));
  }
}

/** All dates side by side, or the one map again. */
function toggleTimes(sameView = false): void {
  const box = $("times");
  $("stage").classList.toggle("series", !state.times);
  if (state.times) {
    const { map } = lead();
    mapA.map.jumpTo({ center: map.getCenter(), zoom: Math.max(map.getZoom(), 0) });
    for (const one of small) one.map.map.remove();
    small = [];
    state.times = false;
    box.hidden = true;
    box.replaceChildren();
    $("all-dates").setAttribute("aria-pressed", "false");
    return;
  }
  if (state.b) compare();
  forget();
  state.times = true;
  box.hidden = false;
  $("card").hidden = true;
  const dates = about.dates.slice(-MOST_TIMES), { map: one } = mapA;
  // What was seen between all that lies over the one map.
  const { clientWidth: wide, clientHeight: high } = one.getContainer(), free = around();
  const corners = [one.unproject([free.left, high - free.bottom]), one.unproject([wide - free.right, free.top])];
  const at = sameView ? { center: one.getCenter().toArray() as [number, number], zoom: one.getZoom() } : { bounds: corners.flatMap((corner) => corner.toArray()) as [number, number, number, number], padding: { top: 38, bottom: 4, left: 4, right: 4 } };
  const panes = dates.map((date) => {
    const caption = h("button", { class: "caption", title: t("onlyThis"), onclick: () => { state.date = date; toggleTimes(); frame(); } }, dateText(state.language, date ?? ""));
    const map = h("div", { class: "map" });
    return { date, caption, map, pane: h("figure", {}, map, caption) };
  });
  // As near to squares as the stage allows.
  const stage = $("stage"), columns = Math.min(dates.length, Math.max(1, Math.round(Math.sqrt((dates.length * stage.clientWidth) / stage.clientHeight))));
  box.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
  box.replaceChildren(...panes.map((p) => p.pane));
  small = panes.map(({ date, caption, map }) => ({ date, caption, map: new GroupMap(map, about, at, { dark: state.dark, background: settings.background }) }));
  for (const one of small) listen(one.map);
  together(small.map((one) => one.map));
  $("all-dates").setAttribute("aria-pressed", "true");
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
    for (const map of maps()) map.names(features);
  });
}

const maps = () => [mapA, ...(mapB ? [mapB] : []), ...small.map((one) => one.map)];

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
  for (const map of maps()) map.mark(features);
}

/** The sentence as it was told last, for another chosen place. */
let tellAgain = () => {};

function sentence(result: Answer, layer: Layer, isDrawn: boolean): void {
  tellAgain = () => sentence(result, layer, isDrawn);
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
  const head = h("p", { class: "big" }, ...(atLeast ? [h("span", {}, `${t("atLeast")} `)] : []), `${number(l, sum)} `, h("span", {}, t("persons")));
  if (base > 0 && selection.size > 0 && !atLeast) parts.push(`${number(l, (100 * sum) / base, 1)} % ${t("of")} ${number(l, base)}. `);
  if (rows[0]) parts.push(`${title(t("mostIn"))} `, h("b", {}, name(rows[0].id, rows[0].label)), ` (${number(l, rows[0].count.value!)}). `);
  if (result.smallest && !isDrawn) parts.push(`${t("hold")} ${number(l, result.smallest)} ${t("of")} ${number(l, result.places)} ${t(layer.size_m ? "ofCells" : "ofAreas")}. `);
  // A share is withheld too where everybody's number is.
  const withheld = result.withheld + (state.measure === "count" ? 0 : rows.filter((r) => r.base.status === "suppressed").length);
  if (withheld) parts.push(`${title(t("withheldIn"))} ${number(l, withheld)} ${t(layer.size_m ? (withheld === 1 ? "ofCell" : "ofCells") : withheld === 1 ? "ofArea" : "ofAreas")}.`);
  if (result.places === 0) parts.push(t("nothingHere"));
  else if (result.withheld === result.places) parts.push(` ${t("allWithheld")}`);
  const chosen = rows.find((r) => r.id === state.selected);
  if (chosen) parts.push(" ", h("br"), h("b", {}, name(chosen.id, chosen.label)), `: ${number(l, chosen.count.value!)}${chosen.share !== null && selection.size ? ` (${number(l, 100 * chosen.share, 1)} %)` : ""}`);
  out.replaceChildren(h("p", { class: "what" }, `${isDrawn ? `${t("drawn")}: ` : ""}${groupName(selection)} · ${layer.size_m ? levelName(layer) : title(layer.level)}`), head, h("p", {}, ...parts), selection.size ? h("code", { class: "query" }, written(about, selection)) : "");
}

const levelName = (layer: Layer) => `${t("cells")} ${layer.size_m! >= 1000 ? `${layer.size_m! / 1000} km` : `${layer.size_m} m`}`;
const name = (id: string, label: string) => {
  const of = cell(id);
  if (!of) return label;
  const km = (metres: number) => number(state.language, metres / 1000, of.side % 1000 ? 1 : 0, false);
  return `${areaOf(id) ?? t("cell")}, N ${km(of.northing)} E ${km(of.easting)}`;
};

const areasOfCells = new Map<string, string | null>();
/** The name of the area that a cell's middle lies in: a cell by its corner alone says nothing to a reader. */
function areaOf(id: string): string | null {
  const known = areasOfCells.get(id);
  if (known !== undefined) return known;
  const layer = areaLayers()[0], point = centre(id);
  const holds = (geometry: GeoJSON.Geometry | undefined) => {
    const rings = geometry?.type === "Polygon" ? geometry.coordinates : geometry?.type === "MultiPolygon" ? geometry.coordinates.flat() : [];
    return point !== null && rings.filter((points) => crosses(points as [number, number][], point)).length % 2 === 1;
  };
  const found = areas.find((a) => a.level === layer?.level && holds(outlines[a.id]))?.label ?? null;
  areasOfCells.set(id, found);
  return found;
}

/** Whether an odd number of a ring's sides lies east of the point. */
function crosses(ring: [number, number][], point: [number, number]): boolean {
  let hit = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i], [xj, yj] = ring[j];
    if (yi > point[1] !== yj > point[1] && point[0] < ((xj - xi) * (point[1] - yi)) / (yj - yi) + xi) hit = !hit;
  }
  return hit;
}

function ranking(result: Answer): void {
  // By number they are in order.
  const rows = state.measure === "count" ? result.rows : result.rows.filter((r) => measured(r) !== null).sort((x, y) => measured(y)! - measured(x)! || (x.id < y.id ? -1 : 1));
  if (rows.length === 0) return $("ranking").replaceChildren(h("li", { class: "more" }, t("nothingHere")));
  const most = Math.max(...rows.slice(0, 1).map((r) => measured(r)!), 1e-9);
  $("ranking").replaceChildren(
    ...rows.slice(0, shownRows).map((row) => h("li", {}, h("button", { class: "rank", "data-id": row.id, "aria-pressed": row.id === state.selected, onclick: () => select(row.id, true) },
      h("span", { class: "bar", style: `width:${Math.max(1, (100 * measured(row)!) / most)}%` }), h("span", { class: "place", title: name(row.id, row.label) }, name(row.id, row.label)), h("span", { class: "figure" }, measureText(measured(row)))))),
    ...(rows.length > shownRows ? [h("li", { class: "more" }, h("button", { class: "quiet", onclick: () => { shownRows += 50; ranking(result); } }, `${t("more")} (${number(state.language, rows.length - shownRows)})`))] : []),
  );
}

function histogram(result: Answer, of: Classes): void {
  const values = Float64Array.from(result.rows.map(measured).filter((v): v is number => v !== null && v > 0)).sort();
  const out = $("histogram");
  $("distribution").hidden = values.length < 2;
  if (values.length < 2) return;
  // The highest hundredth would leave all others in one bar.
  const high = values[Math.min(values.length - 1, Math.floor(values.length * 0.99))] || 1, bars = 24, counts = new Array<number>(bars).fill(0);
  for (const v of values) counts[Math.min(bars - 1, Math.floor((v / high) * bars))] += 1;
  const most = Math.max(...counts);
  out.setAttribute("aria-label", `${t("distribution")}: ${number(state.language, values.length)} ${t("places")}, ${measureText(values[0])} – ${measureText(values[values.length - 1])}`);
  out.replaceChildren(h("div", { class: "bars" }, ...counts.map((n, i) => h("i", { style: `height:${n ? Math.max(3, (100 * n) / most) : 0}%;background:${of.colors[classOf(of, ((i + 0.5) / bars) * high)] ?? "gray"}` }))),
    h("div", { class: "axis" }, h("span", {}, measureText(0)), h("span", {}, `≥ ${measureText(high)}`)));
}

/** Whether small numbers are changed, so that nothing on the map is withheld and zero says less. */
const perturbs = () => about.parameters.zeros === "may stand for small counts";

function legend(of: Classes, layer: Layer): void {
  const from = (i: number) => measureText(of.starts[i]);
  const entries = of.starts.map((_, i) => h("div", {}, h("span", { class: "swatch", style: `background:${of.colors[i]}` }), i + 1 < of.starts.length ? (state.measure === "count" ? (of.starts[i + 1] - 1 === of.starts[i] ? from(i) : `${from(i)} – ${number(state.language, of.starts[i + 1] - 1)}`) : `${from(i)} – ${from(i + 1)}`) : `≥ ${from(i)}`));
  $("legend").replaceChildren(
    h("strong", {}, state.b ? `${groupName(state.a)} | ${groupName(state.b)}` : groupName(state.a)), h("span", { class: "sub" }, `${t(state.measure)} · ${layer.size_m ? levelName(layer) : title(layer.level)}${state.measure === "quotient" ? ` · ${t("average")}` : ""}`),
    ...entries,
    h("div", {}, h("span", { class: "swatch", style: `background:${ZERO[state.dark ? "dark" : "light"]}` }), t(perturbs() ? "zeroOrFew" : "zero")),
    ...(perturbs() ? [] : [h("div", {}, h("span", { class: "swatch hatched" }), t("suppressed"))]),
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
  tellAgain();
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
    if (box) lead().map.fitBounds(box, { padding: small.length ? 10 : { ...around(), left: 60, right: 60 }, maxZoom: 13 });
    state.selected = area.id;
    mark();
  });
}

function listen(of: GroupMap): void {
  const { map } = of;
  map.on("mousemove", (e) => { if (drawing) sketch(e.lngLat.toArray() as [number, number]); else void card(of, e.point, false); });
  for (const gone of ["mouseout", "movestart"] as const) map.on(gone, () => { $("card").hidden = true; });
  map.on("click", (e) => { if (drawing && of === mapA) { drawing.push(e.lngLat.toArray() as [number, number]); sketch(); } else void card(of, e.point, true); });
  map.on("dblclick", (e) => { if (drawing) { e.preventDefault(); finish(); } });
  map.on("moveend", () => {
    if (of !== lead()) return;
    if (current().name !== drawnLayer) void draw();
    else remember();
  });
}

function compare(): void {
  if (state.times) toggleTimes();
  state.b = state.b ? null : new Map(state.a);
  state.editing = state.b ? "b" : "a";
  for (const id of ["map-b", "swipe", "swipe-line", "tag-a", "tag-b"]) $(id).hidden = state.b === null;
  $("compare").textContent = state.b ? t("compareEnd") : t("compare");
  if (state.b) second();
  else { mapB?.map.remove(); mapB = null; $("map-b").replaceChildren(); }
  void draw();
}

/** The right map moves with the left one. */
function second(): void {
  const at = () => ({ center: mapA.map.getCenter().toArray() as [number, number], zoom: mapA.map.getZoom() });
  mapB = new GroupMap($("map-b"), about, at(), { dark: state.dark, background: settings.background });
  listen(mapB);
  together([mapA, mapB]);
  split();
}

/** Maps that show the same view, whichever is moved. */
function together(group: GroupMap[]): void {
  let moving = false;
  for (const from of group) {
    from.map.on("move", () => {
      const shown = maps();
      if (moving || !group.every((map) => shown.includes(map))) return;
      moving = true;
      for (const to of group) if (to !== from) to.map.jumpTo({ center: from.map.getCenter(), zoom: from.map.getZoom() });
      moving = false;
    });
  }
}

function split(): void {
  const x = `${state.split * 100}%`;
  $("map-b").style.clipPath = `inset(0 0 0 ${x})`;
  $("swipe-line").style.left = x;
  $("tag-a").style.right = `calc(${100 - state.split * 100}% + 10px)`;
  $("tag-b").style.left = `calc(${x} + 10px)`;
}

/** No drawn area any more. */
function forget(): void {
  if (state.polygon || drawing) toggleDrawing();
}

function toggleDrawing(): void {
  if (state.times) toggleTimes();
  const end = state.polygon !== null || drawing !== null;
  state.polygon = null;
  drawing = end ? null : [];
  mapA.drawing([]);
  if (drawing && state.selected) {
    // Its outline looks like a drawing.
    state.selected = null;
    mark();
    tellAgain();
  }
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
    if (crosses(polygon, point)) inside.add(at);
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

/** The program makes it: numbers and outlines of the shown level, and of the drawn area. */
function geopackage(): void {
  const parameters = new URLSearchParams({ q: written(about, state.a), by: current().level });
  if (state.date) parameters.set("date", state.date);
  if (state.polygon) parameters.set("within", state.polygon.map((p) => p.map((n) => n.toFixed(6)).join(",")).join(";"));
  const link = h("a", { href: `b/${encodeURIComponent(about.name)}/select.gpkg?${parameters}`, download: `kleinraum_${current().name}.gpkg` });
  link.click();
}

/** What the stage shows, without its buttons. */
function stageCanvas(): HTMLCanvasElement {
  const first = lead().map.getCanvas(), scale = first.width / first.clientWidth || 1;
  const canvas = document.createElement("canvas"), stage = $("stage");
  canvas.width = stage.clientWidth * scale;
  canvas.height = stage.clientHeight * scale;
  const pen = canvas.getContext("2d")!;
  pen.font = `600 ${14 * scale}px system-ui, sans-serif`;
  if (small.length) {
    pen.fillStyle = state.dark ? "#1b1d21" : "#ffffff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    for (const { map, caption } of small) {
      const of = map.map.getCanvas(), pane = caption.parentElement!;
      pen.drawImage(of, pane.offsetLeft * scale, pane.offsetTop * scale);
      pen.fillStyle = state.dark ? "#f2f3f5" : "#1d2026";
      pen.fillText(caption.textContent ?? "", (pane.offsetLeft + 10) * scale, (pane.offsetTop + 22) * scale);
    }
    return canvas;
  }
  pen.drawImage(first, 0, 0);
  if (mapB) {
    const right = mapB.map.getCanvas(), x = Math.round(right.width * state.split);
    pen.drawImage(right, x, 0, right.width - x, right.height, x, 0, right.width - x, right.height);
    pen.fillStyle = "#1c5d8c";
    pen.fillRect(x - scale, 0, 2 * scale, canvas.height);
  }
  return canvas;
}

/** The map with title, legend, source, date and method: what leaves the page can be read without it. `type` makes the letters larger. */
function composed(type = 1): HTMLCanvasElement {
  const lines: Line[] = [...$("legend").querySelectorAll("div")].map((row) => ({ text: row.textContent ?? "", color: row.querySelector<HTMLElement>(".swatch")?.style.background ?? "", hatched: row.querySelector(".hatched") !== null }));
  const layer = current(), place = layer.size_m ? levelName(layer) : title(layer.level);
  const dates = state.times ? small.map((one) => one.date) : [state.date];
  const dated = dates.every((d) => d === null) ? "" : ` · ${t("date")} ${dates.map((d) => dateText(state.language, d ?? "")).join(", ")}`;
  const below = settings.background?.attribution ? ` · ${t("background")}: ${settings.background.attribution}` : "";
  return picture({
    map: stageCanvas(), scale: type * (lead().map.getCanvas().width / lead().map.getCanvas().clientWidth || 1), title: about.title,
    sub: `${groupName(state.a)}${state.b ? ` | ${groupName(state.b)}` : ""} · ${t(state.measure)} · ${place}`,
    source: [`${t("source")}: ${about.attribution || about.title}${dated}${below}`, `${t("method")}: ${methodLine(state.language, about.method, about.parameters)} (kleinraum ${about.kleinraum})`],
    lines, dark: state.dark,
  });
}

/** One A4 page for whoever prints, by the button or the browser's own way. */
addEventListener("beforeprint", () => {
  if (!mapA) return;
  document.getElementById("sheet")?.remove();
  const note = [...$("answer").querySelectorAll("p")].slice(1).map((p) => p.textContent?.trim()).filter(Boolean).join(". ");
  document.body.append(h("section", { id: "sheet" }, composed(1.8), h("p", {}, note), h("p", { class: "link" }, location.href.replace(/#.*/, ""))));
});
addEventListener("afterprint", () => document.getElementById("sheet")?.remove());

async function png(): Promise<void> {
  const blob = await new Promise<Blob | null>((done) => composed().toBlob(done, "image/png"));
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
  const { map } = lead(), centre = map.getCenter();
  const params = new URLSearchParams({ b: state.bundle, q: written(about, state.a), m: state.measure, by: state.by, c: `${centre.lng.toFixed(5)},${centre.lat.toFixed(5)},${map.getZoom().toFixed(2)}`, lang: state.language, dark: state.dark ? "1" : "0" });
  if (state.b) { params.set("v", written(about, state.b)); params.set("x", state.split.toFixed(3)); }
  if (state.date && about.dates.length > 1) params.set("d", state.date);
  if (state.selected) params.set("s", state.selected);
  if (state.times) params.set("t", "1");
  if (state.polygon) params.set("p", state.polygon.map((p) => p.map((n) => n.toFixed(5)).join(",")).join(";"));
  history.replaceState(null, "", `#${params}`);
}

async function open(bundle: string, fresh: boolean): Promise<void> {
  about = await json<About>(`b/${encodeURIComponent(bundle)}/about.json`);
  state.bundle = bundle;
  if (fresh) { address.forEach((_, key) => address.delete(key)); state.a = new Map(); state.b = null; state.selected = null; state.polygon = null; state.times = false; areasOfCells.clear(); for (const one of small) one.map.map.remove(); small = []; if (mapA) { mapA.map.remove(); mapA = undefined as never; } }
  const dated = address.get("d");
  state.date = about.dates.includes(dated) ? dated : (about.dates[about.dates.length - 1] ?? null);
  state.a = parse(about, address.get("q") ?? "*") ?? new Map();
  state.b = address.has("v") ? parse(about, address.get("v")!) : null;
  state.split = Number(address.get("x") ?? 0.5) || 0.5;
  state.times = address.get("t") === "1" && about.dates.length > 1;
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
    settings = await json<typeof settings>("page.json");
    if (settings.background?.kind === "style") settings.background.style = await json(settings.background.url);
    bundles = await json<{ name: string; title: string }[]>("bundles.json");
    const wanted = address.get("b");
    await open(bundles.find((b) => b.name === wanted)?.name ?? bundles[0].name, false);
  } catch (error) {
    app.replaceChildren(h("p", { role: "alert", class: "fatal" }, `${t("failed")} ${error instanceof Error ? error.message : ""}`));
  }
}
/** For whoever measures or looks on: the map that is seen. */
Object.assign(window, { kleinraum: { map: () => lead().map } });
void start();
