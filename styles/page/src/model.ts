// What the server, or the static files, tell about a bundle; and sums of published numbers of one place.

export interface Dimension { name: string; label: string; categories: string[]; synonyms: Record<string, number[]> }
export interface Column { field: string; status: string; dimensions: number[]; group: number[] }
export interface Layer { name: string; level: string; date: string | null; size_m: number | null; zooms: [number, number] | null; places: number }
export interface About {
  name: string; version: string; kleinraum: string; title: string; attribution: string; method: string;
  parameters: Record<string, string>; dates: (string | null)[]; dimensions: Dimension[]; columns: Column[]; layers: Layer[];
  bounds: [number, number, number, number];
}
export interface Level {
  layer: string; ids: string[]; labels: string[] | null; bounds: ([number, number, number, number] | null)[] | null;
  numbers: (number | null)[][]; none: [number, number][]; uncertain: [number, number][];
}
export type Status = "value" | "zero" | "suppressed" | "uncertain" | "none";
export interface Count { value: number | null; status: Status }
export interface Row { at: number; id: string; label: string; count: Count; base: Count; share: number | null; quotient: number | null }
/** Of each dimension the chosen categories; a dimension that is missing is not asked about. */
export type Selection = Map<number, number[]>;

const levels = new Map<string, Promise<Level>>();
const marks = new WeakMap<Level, { none: Set<string>; uncertain: Set<string> }>();

export async function json<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}

export function level(about: About, layer: string): Promise<Level> {
  const path = `b/${encodeURIComponent(about.name)}/level/${encodeURIComponent(layer)}.json`;
  let found = levels.get(path);
  if (!found) {
    found = json<Level>(path);
    found.catch(() => levels.delete(path));
    levels.set(path, found);
  }
  return found;
}

/** The published columns whose sum is the group: of the table with the fewest that crosses all its dimensions; null if there is none. */
export function columnsOf(about: About, selection: Selection): number[] | null {
  const tables = new Map<string, number[]>();
  about.columns.forEach((column, at) => {
    const key = column.dimensions.join();
    tables.set(key, [...(tables.get(key) ?? []), at]);
  });
  const fitting = [...tables.values()].filter((columns) => [...selection.keys()].every((d) => about.columns[columns[0]].dimensions.includes(d)));
  fitting.sort((a, b) => a.length - b.length);
  const table = fitting[0];
  if (!table) return null;
  return table.filter((at) => {
    const { dimensions, group } = about.columns[at];
    return [...selection].every(([d, categories]) => categories.includes(group[dimensions.indexOf(d)]));
  });
}

/** Dimensions that can be asked about together with these. */
export function compatible(about: About, selection: Selection, dimension: number): boolean {
  return columnsOf(about, new Map([...selection, [dimension, [0]]])) !== null;
}

export function countOf(level: Level, at: number, columns: number[]): Count {
  let mark = marks.get(level);
  if (!mark) {
    mark = { none: new Set(level.none.map(String)), uncertain: new Set(level.uncertain.map(String)) };
    marks.set(level, mark);
  }
  let sum = 0, none = false, uncertain = false;
  for (const column of columns) {
    const number = level.numbers[column]?.[at] ?? null;
    if (number === null) {
      if (!mark.none.has(`${at},${column}`)) return { value: null, status: "suppressed" };
      none = true;
      continue;
    }
    uncertain ||= mark.uncertain.size > 0 && mark.uncertain.has(`${at},${column}`);
    sum += number;
  }
  if (none) return { value: null, status: "none" };
  return { value: sum, status: uncertain ? "uncertain" : sum === 0 ? "zero" : "value" };
}

export interface Whole { count: number; atLeast: boolean }

/** Every level shows the same people: the one that withholds least tells most of them. */
export function whole(levels: Level[], columns: number[], method: string): Whole {
  const sums = levels.map((level) => {
    let count = 0, atLeast = false;
    for (const column of columns) {
      const numbers = level.numbers[column] ?? [];
      for (let at = 0; at < level.ids.length; at++) {
        const one = numbers[at] ?? null;
        if (one !== null) count += one;
        else atLeast ||= countOf(level, at, [column]).status === "suppressed";
      }
    }
    return { count, atLeast };
  });
  if (method === "cell-key") return sums[sums.length - 1];
  sums.sort((a, b) => b.count - a.count || Number(a.atLeast) - Number(b.atLeast));
  return sums[0];
}

export interface Answer { rows: Row[]; withheld: number; whole: Whole; base: Whole; smallest: number | null; places: number }

/** Share in the whole, where nothing is withheld of everybody. */
const overallOf = ({ whole, base }: { whole: Whole; base: Whole }) => (base.count > 0 && !base.atLeast && whole.count > 0 ? whole.count / base.count : null);

/** What a map shows of each place that tells it: all that classes need, without rows. */
export function values(level: Level, columns: number[], told: { whole: Whole; base: Whole }, measure: "count" | "share" | "quotient"): number[] {
  const overall = overallOf(told), all: number[] = [];
  for (let at = 0; at < level.ids.length; at++) {
    const { value } = countOf(level, at, columns);
    if (value === null) continue;
    if (measure === "count") { all.push(value); continue; }
    const base = countOf(level, at, [0]).value, share = base !== null && base > 0 ? value / base : null;
    if (share !== null && measure === "share") all.push(share);
    else if (share !== null && overall) all.push(share / overall);
  }
  return all;
}

const ranks = new WeakMap<Level, Uint32Array>();
/** Of each place its position among all ids in order. */
function rankOf(level: Level): Uint32Array {
  let rank = ranks.get(level);
  if (!rank) {
    const { ids } = level, order = Uint32Array.from(ids.keys());
    if (ids.some((id, at) => at > 0 && id < ids[at - 1])) order.sort((a, b) => (ids[a] < ids[b] ? -1 : 1));
    rank = new Uint32Array(ids.length);
    for (let at = 0; at < order.length; at++) rank[order[at]] = at;
    ranks.set(level, rank);
  }
  return rank;
}

/** The same as `kleinraum ask` tells. */
export function answer(level: Level, columns: number[], told: { whole: Whole; base: Whole }, inside?: Set<number>): Answer {
  const overall = overallOf(told), rank = rankOf(level), all = level.ids.length, places = new Uint32Array(all);
  let withheld = 0, asked = 0, known = 0;
  // Most people first, then by id: as one number each, since half a million rows are slow to compare.
  const keys = new Float64Array(all);
  for (let at = 0; at < all; at++) {
    places[rank[at]] = at;
    if (inside && !inside.has(at)) continue;
    asked += 1;
    const count = countOf(level, at, columns);
    if (count.value !== null) keys[known++] = rank[at] - count.value * all;
    else if (count.status === "suppressed") withheld += 1;
  }
  const rows = Array.from(keys.subarray(0, known).sort(), (key): Row => {
    const at = places[((key % all) + all) % all], count = countOf(level, at, columns), base = countOf(level, at, [0]);
    const share = base.value !== null && base.value > 0 ? count.value! / base.value : null;
    return { at, id: level.ids[at], label: level.labels?.[at] ?? level.ids[at], count, base, share, quotient: share !== null && overall ? share / overall : null };
  });
  let held = 0, smallest: number | null = null;
  const wanted = Math.ceil(told.whole.count * 0.6);
  for (let i = 0; i < rows.length && held < wanted; i++) {
    held += rows[i].count.value!;
    if (held >= wanted) smallest = i + 1;
  }
  return { rows, withheld, whole: told.whole, base: told.base, smallest, places: asked };
}
