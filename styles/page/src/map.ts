// The map: archive tiles coloured by the sum of a group's attributes, so that another group needs no new tile.

import * as maplibregl from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { Protocol } from "pmtiles";
import "maplibre-gl/dist/maplibre-gl.css";

import { type Classes, ZERO } from "./colors";
import type { About, Layer } from "./model";

maplibregl.setWorkerUrl(workerUrl);
maplibregl.addProtocol("pmtiles", new Protocol().tile);

export type Expression = maplibregl.ExpressionSpecification;
export interface View {
  columns: number[];
  measure: "count" | "share" | "quotient";
  /** Layers that are filled: the cells of one date, or one system of areas. */
  filled: Layer[];
  /** Areas whose borders and names are drawn. */
  borders: Layer[];
  classes: Map<string, Classes>;
  overall: number | null;
  dark: boolean;
}

export type Padding = number | maplibregl.PaddingOptions;
/** A map below the numbers, from a host that the operator named. */
export interface Background { kind: "style" | "raster"; url: string; attribution: string; style?: maplibregl.StyleSpecification }
interface Start { center?: [number, number]; zoom?: number; bounds?: [number, number, number, number]; padding?: Padding }

const PAPER = { light: "#f4f3ef", dark: "#1b1d21" };
const LINE = { light: "#4a4a55", dark: "#b9bcc6" };

/** Withheld: grey violet with lines, which no class comes near. */
function hatch(dark: boolean): ImageData {
  // Computed, not drawn: to read a canvas back waits for whatever the graphics card has to do.
  const size = 16, image = new ImageData(size, size);
  const [ground, line] = dark ? [[59, 53, 69], [131, 119, 154]] : [[227, 220, 234], [157, 139, 176]];
  for (let at = 0; at < size * size; at++) {
    const along = ((at % size) + Math.floor(at / size) + 1) % size, distance = Math.min(along, size - along) / Math.SQRT2;
    const covered = Math.min(1, Math.max(0, 1.5 - distance));
    image.data.set([...ground.map((g, i) => g + covered * (line[i] - g)), 255], 4 * at);
  }
  return image;
}

export class GroupMap {
  readonly map: maplibregl.Map;
  private ready: Promise<void>;
  private filledIds: string[] = [];
  private own: string[] = [];
  /** What layers there are; colours alone change while this is the same. */
  private shape = "";
  private last = new Map<string, string>();
  private background: Background | null;

  constructor(container: HTMLElement, private about: About, view: Start, { dark, background }: { dark: boolean; background: Background | null }) {
    this.background = background;
    const bounds = view.bounds ?? about.bounds;
    const tiles = new URL(`b/${encodeURIComponent(about.name)}/tiles.pmtiles`, document.baseURI).href;
    const at = view.center ? { center: view.center, zoom: view.zoom } : { bounds, fitBoundsOptions: { padding: view.padding ?? 24 } };
    this.map = new maplibregl.Map({
      container,
      style: {
        version: 8,
        // Another group is there at once; MapLibre would wait for 0.3 s to pass.
        transition: { duration: 0, delay: 0 },
        // What is there but undefined MapLibre refuses.
        ...(background?.style?.glyphs && { glyphs: background.style.glyphs }),
        ...(background?.style?.sprite && { sprite: background.style.sprite }),
        sources: {
          ...background?.style?.sources,
          ...(background?.kind === "raster" ? { background: { type: "raster" as const, tiles: [decodeURI(new URL(background.url, document.baseURI).href)], tileSize: 256, attribution: background.attribution } } : {}),
          tiles: { type: "vector", url: `pmtiles://${tiles}` },
          mark: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
          drawing: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
          names: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
        },
        layers: [{ id: "paper", type: "background", paint: { "background-color": PAPER[dark ? "dark" : "light"] } }, ...(background?.style?.layers ?? []), ...(background?.kind === "raster" ? [{ id: "background", type: "raster" as const, source: "background" }] : [])],
      },
      ...at,
      maxZoom: 17,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      canvasContextAttributes: { preserveDrawingBuffer: true },
      fadeDuration: 0,
    });
    this.map.touchZoomRotate.disableRotation();
    this.ready = new Promise((done) => this.map.once("load", () => done()));
  }

  async show(view: View): Promise<void> {
    await this.ready;
    const { map } = this;
    const shape = JSON.stringify([view.dark, view.filled.filter((l) => view.classes.has(l.name)).map((l) => l.name), view.borders.map((l) => l.name)]);
    const same = shape === this.shape;
    this.shape = shape;
    const tone = view.dark ? "dark" : "light";
    const before = new Set(same ? [] : map.getLayersOrder().filter((id) => !this.own.includes(id)));
    if (!same) {
      for (const id of this.own) map.removeLayer(id);
      if (map.hasImage("hatch")) map.updateImage("hatch", hatch(view.dark));
      else map.addImage("hatch", hatch(view.dark), { pixelRatio: 2 });
      map.setPaintProperty("paper", "background-color", PAPER[tone]);
    }
    if (!same && map.getLayer("background")) {
      // Pale, so that the numbers stand out.
      map.setPaintProperty("background", "raster-saturation", -0.6);
      map.setPaintProperty("background", "raster-brightness-max", view.dark ? 0.45 : 1);
      map.setPaintProperty("background", "raster-brightness-min", view.dark ? 0 : 0.25);
    }
    const [cells, areas] = this.background ? [0.72, 0.6] : [0.94, 0.86];
    this.filledIds = [];
    for (const layer of view.filled) {
      const [first, last] = layer.zooms ?? [0, 14];
      const zooms = { minzoom: first, maxzoom: last >= 14 ? 24 : last + 1 };
      const classes = view.classes.get(layer.name);
      if (!classes) continue;
      const fields = view.columns.map((c) => this.about.columns[c]);
      const missing: Expression = ["any", ...fields.map((f) => ["!", ["has", f.field]] as Expression)];
      const withheld: Expression = ["any", ...fields.map((f) => ["==", ["get", f.status], "suppressed"] as Expression)];
      const n: Expression = ["+", 0, ...fields.map((f) => ["coalesce", ["get", f.field], 0] as Expression)];
      const total = this.about.columns[0];
      const base: Expression = ["coalesce", ["get", total.field], 0];
      const share: Expression = ["/", n, ["max", base, 1]];
      const value: Expression = view.measure === "count" ? n : view.measure === "share" ? share : ["/", share, view.overall ?? 1];
      const steps = classes.starts.slice(1).flatMap((start, i) => [start, classes.colors[i + 1]]);
      const color: Expression | string = steps.length ? (["step", value, classes.colors[0], ...steps] as unknown as Expression) : (classes.colors[0] ?? ZERO[tone]);
      const baseless: Expression = view.measure === "count" ? ["literal", false] as unknown as Expression : ["!", ["has", total.field]];
      const paint = {
        "fill-color": ["case", ["any", missing, baseless], "rgba(0,0,0,0)", ["==", n, 0], ZERO[tone], color] as unknown as Expression,
        "fill-opacity": ["case", ["any", ...fields.map((f) => ["==", ["get", f.status], "uncertain"] as Expression)], Math.min(0.55, areas), layer.size_m ? cells : areas] as Expression,
      };
      const hatched = (view.measure === "count" ? withheld : ["any", withheld, ["==", ["get", total.status], "suppressed"]]) as maplibregl.FilterSpecification;
      if (same) {
        // What was checked when its layer was made is of the same form: to check it again takes longer than to draw it.
        for (const name of ["fill-color", "fill-opacity"] as const) map.setPaintProperty(`fill-${layer.name}`, name, paint[name], { validate: false });
        map.setFilter(`hatch-${layer.name}`, hatched, { validate: false });
      } else {
        map.addLayer({ id: `fill-${layer.name}`, type: "fill", source: "tiles", "source-layer": layer.name, ...zooms, paint: { ...paint, "fill-antialias": !layer.size_m } });
        map.addLayer({ id: `hatch-${layer.name}`, type: "fill", source: "tiles", "source-layer": layer.name, ...zooms, filter: hatched, paint: { "fill-pattern": "hatch", "fill-opacity": this.background ? cells : 0.95 } });
      }
      this.filledIds.push(`fill-${layer.name}`, `hatch-${layer.name}`);
    }
    if (same) {
      this.drawTogether();
      return;
    }
    for (const layer of view.borders) {
      map.addLayer({
        id: `border-${layer.name}`, type: "line", source: "tiles", "source-layer": layer.name,
        paint: { "line-color": LINE[tone], "line-width": ["interpolate", ["linear"], ["zoom"], 7, 0.5, 12, 1.4], "line-opacity": 0.75 },
      });
    }
    map.addLayer({ id: "mark-case", type: "line", source: "mark", paint: { "line-color": view.dark ? "#000" : "#fff", "line-width": 6 } });
    map.addLayer({ id: "mark", type: "line", source: "mark", paint: { "line-color": "#d6336c", "line-width": 3 } });
    map.addLayer({ id: "drawing-fill", type: "fill", source: "drawing", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": "#d6336c", "fill-opacity": 0.12 } });
    map.addLayer({ id: "drawing", type: "line", source: "drawing", paint: { "line-color": "#d6336c", "line-width": 2.5, "line-dasharray": [2, 1] } });
    // A style with glyphs has names of its own.
    if (!this.background?.style?.glyphs) map.addLayer({
      id: "names", type: "symbol", source: "names", minzoom: 8,
      layout: {
        "text-field": ["get", "label"], "text-size": ["interpolate", ["linear"], ["zoom"], 8, 10.5, 13, 15], "text-font": ["Noto Sans", "system-ui", "sans-serif"],
        "symbol-sort-key": ["-", 0, ["get", "people"]], "text-padding": 4,
      },
      paint: { "text-color": view.dark ? "#f2f3f5" : "#1d2026", "text-halo-color": view.dark ? "#14161a" : "#fff", "text-halo-width": 1.6 },
    });
    this.own = map.getLayersOrder().filter((id) => !before.has(id));
  }

  /** Draws nothing until the tiles have their new colours: MapLibre would draw all that is seen once more as it was, and again with every tile that comes. */
  private drawTogether(): void {
    const { map } = this, { painter } = map;
    // A tile that does not come holds up nothing for longer, and neither does a moved map.
    const until = performance.now() + 300;
    painter.render = (...frame) => {
      if (!map.areTilesLoaded() && !map.isMoving() && performance.now() < until) return;
      Reflect.deleteProperty(painter, "render");
      painter.render(...frame);
    };
    setTimeout(() => { if (Object.hasOwn(painter, "render")) map.triggerRepaint(); }, 310);
  }

  /** When everything asked for so far is on the screen. */
  idle(): Promise<void> {
    return new Promise((done) => { this.map.once("idle", () => done()); this.map.triggerRepaint(); });
  }

  names(features: GeoJSON.Feature[]): void {
    this.data("names", features);
  }

  mark(features: GeoJSON.Feature[]): void {
    this.data("mark", features);
  }

  drawing(features: GeoJSON.Feature[]): void {
    this.data("drawing", features);
  }

  private data(source: string, features: GeoJSON.Feature[]): void {
    // Names stay while groups change; to lay them out again takes a frame or two.
    const text = JSON.stringify(features);
    if ((this.last.get(source) ?? "[]") === text) return;
    this.last.set(source, text);
    void this.ready.then(() => (this.map.getSource(source) as maplibregl.GeoJSONSource).setData({ type: "FeatureCollection", features }));
  }

  /** The place under a point: its layer and id. */
  at(point: maplibregl.PointLike): { layer: string; id: string } | null {
    const ids = this.filledIds.filter((id) => this.map.getLayer(id));
    const found = this.map.queryRenderedFeatures(point, { layers: ids })[0];
    if (!found) return null;
    const id = (found.properties.id as string | undefined) ?? codeOf(Number(found.id));
    return id ? { layer: found.sourceLayer!, id } : null;
  }
}

/** A cell's code from its packed id (src/grid/cell.rs): numbers below 2^53, so division instead of bits. */
export function codeOf(id: number): string | null {
  const head = Math.floor(id / 2 ** 40), side = Math.floor(head / 8) * 10 ** (head % 8);
  if (!(side > 0)) return null;
  const first = Math.ceil(3_000_000 / side);
  const north = (Math.floor(id / 2 ** 20) % 2 ** 20) - first, east = (id % 2 ** 20) - first;
  return `CRS3035RES${side}mN${north * side}E${east * side}`;
}
