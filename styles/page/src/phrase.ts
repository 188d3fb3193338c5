// Questions in words to selections, as `kleinraum ask` reads them (src/ask/phrase.rs): no network, no model.

import type { About, Selection } from "./model";

export interface Chip { words: string; label: string }
export interface Reading { selection: Selection; chips: Chip[]; unread: string[]; otherUnits: string[]; unsure: string[]; area: { level: string; id: string } | null; known: boolean }
export interface Area { level: string; id: string; label: string }
interface Band { from: number; to: number }

type Meaning = { ages?: [number, number]; names?: string[]; allBut?: boolean };
const FEMALE = ["w", "f", "weiblich", "female", "frau", "women"], MALE = ["m", "maennlich", "male", "mann", "men"], GERMAN = ["deutsch", "german"];
const JOBSEEKER = ["sgb ii", "sgb 2", "sgb2", "buergergeld", "grundsicherung fuer arbeitsuchende", "alg ii"];
const WORDS: Record<string, Meaning> = {};
const put = (meaning: Meaning, words: string) => words.split(" ").forEach((word) => (WORDS[word] = meaning));
put({ ages: [0, 18] }, "kind minderjaehrig child childr");
put({ ages: [0, 3] }, "kleinkind baby toddler krippenkind");
put({ ages: [3, 6] }, "kindergartenkind");
put({ ages: [0, 6] }, "vorschulkind");
put({ ages: [6, 18] }, "schulkind");
put({ ages: [12, 18] }, "jugendlich teenag");
put({ ages: [18, Infinity] }, "erwachsen adult");
put({ ages: [65, Infinity] }, "senior seniorinn rentn rentnerinn pensioner elderly aelter");
put({ ages: [80, Infinity] }, "hochbetagt");
put({ names: FEMALE }, "frau weiblich women woman female");
put({ names: MALE }, "mann maenn maennlich men man male");
put({ names: FEMALE, ages: [0, 18] }, "maedch girl");
put({ names: MALE, ages: [0, 18] }, "jung boy");
put({ names: GERMAN }, "deutsch german");
put({ names: GERMAN, allBut: true }, "auslaend auslaenderinn foreign");
put({ names: JOBSEEKER }, "buergergeld hartz benefit welfare");
put({ names: ["alleinerziehend", "single parent", "lone parent"] }, "alleinerziehend");
put({ names: ["asylblg"] }, "gefluechtet asylbewerb refuge");
const PAIRS: Record<string, Meaning> = {
  "sgb ii": { names: JOBSEEKER }, "sgb 2": { names: JOBSEEKER }, "hartz iv": { names: JOBSEEKER }, "hartz 4": { names: JOBSEEKER },
  "single parent": { names: ["alleinerziehend", "single parent", "lone parent"] }, "lone parent": { names: ["alleinerziehend", "single parent", "lone parent"] },
};
const SILENT = new Set(
  `wo wohnen wohnt leben lebt gibt es wie viele wieviele viel sind ist der die das den dem des ein eine einer einem einen mit von in im aus zu und oder auf fuer bei
  nach je pro am meisten meiste besonders hoch hohe hoher niedrig anteil anteile menschen mensch leute personen person einwohner einwohnerinnen bevoelkerung alle insgesamt
  zahl anzahl haben hat bekommen beziehen erhalten bezieher empfaenger jahre jahren jahr alt alte alter zeige zeig karte mir bitte
  welche welchen welcher orte orten ort hier dort leistungen unserem unser kreis where do does live lives living how many much are is there the a an of with and or
  in on for per by most share high low people persons person residents inhabitants population number total all receiving receive receives getting
  years year old age aged show map me please which what places place who have has to from between than zwischen als sowie auch beim vom zum zur`.split(/\s+/),
);
/** Words that ask for another unit than the records that are counted. */
const OTHER_UNIT = /^(famili|family|haushalt|household|bedarfsgemeinschaft)/;
const GERMAN_NUMBERS = "null ein zwei drei vier fuenf sechs sieben acht neun zehn elf zwoelf dreizehn vierzehn fuenfzehn sechzehn siebzehn achtzehn".split(" ");
const ENGLISH_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen".split(" ");

export const fold = (text: string) => text.toLowerCase().replace(/ä/g, "ae").replace(/ö/g, "oe").replace(/ü/g, "ue").replace(/ß/g, "ss");
const split = (text: string) => text.match(/[\p{L}\p{N}+]+/gu) ?? [];

function stem(word: string): string {
  for (const end of ["ern", "en", "er", "es", "em", "e", "n", "s"]) {
    if (word.endsWith(end) && word.length - end.length >= 4) return word.slice(0, -end.length);
  }
  return word;
}

function age(word: string | undefined): number | null {
  if (word === undefined) return null;
  if (/^\d{1,3}$/.test(word) && Number(word) < 130) return Number(word);
  const at = Math.max(GERMAN_NUMBERS.indexOf(word), ENGLISH_NUMBERS.indexOf(word));
  return at >= 0 ? at : null;
}

export function band(label: string): Band | null {
  const text = label.trim().toLowerCase().replace(/ (jahre|years)$/, "");
  let found = /^(\d+)\s*(?:\+|und mehr|und älter|and over|and older|or more|and more)$/.exec(text);
  if (found) return { from: Number(found[1]), to: Infinity };
  found = /^(?:unter |under |below |<)\s*(\d+)$/.exec(text);
  if (found) return { from: 0, to: Number(found[1]) };
  found = /^(\d+) (?:bis unter|to under|to below) (\d+)$/.exec(text);
  if (found) return { from: Number(found[1]), to: Number(found[2]) };
  found = /^(\d+)\s*(?:bis|to|-|–)\s*(\d+)$/.exec(text);
  return found && Number(found[1]) <= Number(found[2]) ? { from: Number(found[1]), to: Number(found[2]) + 1 } : null;
}

function madeOf(wanted: Band, bands: (Band | null)[]): number[] | null {
  const inside = bands.map((b, at) => ({ b, at })).filter(({ b }) => b && b.from >= wanted.from && b.to <= wanted.to).sort((x, y) => x.b!.from - y.b!.from);
  let end = wanted.from;
  for (const { b } of inside) {
    if (b!.from !== end) return null;
    end = b!.to;
  }
  return end === wanted.to && inside.length > 0 ? inside.map(({ at }) => at) : null;
}

function ages(words: string[], at: number): [number, Band] | null {
  const n = (offset: number) => age(words[at + offset]);
  const made = (length: number, from: number | null, to: number | null): [number, Band] | null => (from !== null && to !== null && from < to ? [length, { from, to }] : null);
  const [word, next, third] = [words[at], words[at + 1], words[at + 2]];
  const after = (value: number | null) => (value === null ? null : value + 1);
  if (["unter", "under", "below", "bis"].includes(word)) return made(2, 0, n(1));
  if (["juenger", "younger"].includes(word) && ["als", "than"].includes(next)) return made(3, 0, n(2));
  if (["ab", "from"].includes(word) && !["bis", "to"].includes(third)) return made(2, n(1), Infinity);
  if (["ueber", "over", "above"].includes(word)) return made(2, n(1), Infinity);
  if (["aelter", "older"].includes(word) && ["als", "than"].includes(next)) return made(3, n(2), Infinity);
  if (["von", "zwischen", "between", "from", "ab"].includes(word) && ["bis", "und", "to", "and"].includes(third)) {
    return ["unter", "under"].includes(words[at + 3]) ? made(5, n(1), n(4)) : made(4, n(1), after(n(3)));
  }
  if (word.endsWith("+")) return made(1, age(word.slice(0, -1)), Infinity);
  const from = /^\d+$/.test(word) ? age(word) : null;
  if (from === null) return null;
  if (["bis", "to"].includes(next)) return ["unter", "under"].includes(third) ? made(4, from, n(3)) : made(3, from, after(n(2)));
  if ((next === "und" && ["mehr", "aelter"].includes(third)) || (next === "and" && ["more", "over", "older"].includes(third))) return made(3, from, Infinity);
  return made(2, from, after(n(1)));
}

export function restrict(about: About, selection: Selection, dimension: number, categories: number[]): void {
  const before = selection.get(dimension);
  const both = before?.filter((c) => categories.includes(c));
  const kept = [...new Set(both && both.length > 0 ? both : categories)].sort((a, b) => a - b);
  selection.delete(dimension);
  if (kept.length < about.dimensions[dimension].categories.length) selection.set(dimension, kept);
}

export function written(about: About, selection: Selection): string {
  const parts = [...selection].sort((a, b) => a[0] - b[0]).map(([d, categories]) => `${about.dimensions[d].name}=${categories.map((c) => about.dimensions[d].categories[c]).join(",")}`);
  return parts.join(" & ") || "*";
}

/** Reads the written form; null where something is unknown. */
export function parse(about: About, text: string): Selection | null {
  const selection: Selection = new Map();
  for (const condition of text.split("&").map((c) => c.trim()).filter((c) => c && c !== "*")) {
    const [name, ...rest] = condition.split("=");
    const wanted = rest.join("=").trim();
    const at = about.dimensions.findIndex((d) => [d.name, d.label].some((n) => n.toLowerCase() === name.trim().toLowerCase()));
    if (at < 0) return null;
    const { categories } = about.dimensions[at];
    const named = (text: string): number[] | null => {
      const exact = categories.findIndex((c) => c.toLowerCase() === text.trim().toLowerCase());
      if (exact >= 0) return [exact];
      const meant = Object.entries(about.dimensions[at].synonyms).find(([word]) => word.toLowerCase() === text.trim().toLowerCase());
      if (meant) return meant[1];
      const of = band(text);
      return of && (madeOf(of, categories.map(band)) ?? madeOf({ from: of.from, to: of.to - 1 }, categories.map(band)));
    };
    const found = named(wanted) ? [named(wanted)!] : wanted.split(",").map(named);
    if (found.some((f) => f === null)) return null;
    restrict(about, selection, at, found.flat() as number[]);
  }
  return selection;
}

export function read(about: About, areas: Area[], text: string): Reading {
  const reading: Reading = { selection: new Map(), chips: [], unread: [], otherUnits: [], unsure: [], area: null, known: false };
  if (text.includes("=") || text.trim() === "*" || text.trim() === "") {
    const conditions = text.split("&"), within = conditions.find((c) => /^\s*in\s*=/i.test(c))?.replace(/^[^=]*=/, "").trim();
    const area = areas.find((a) => a.id === within) ?? areas.find((a) => a.label.toLowerCase() === within?.toLowerCase());
    if (area) {
      reading.area = { level: area.level, id: area.id };
      reading.chips.push({ words: within!, label: area.label });
    }
    const selection = within !== undefined && !area ? null : parse(about, conditions.filter((c) => !/^\s*in\s*=/i.test(c)).join("&"));
    reading.known = selection !== null;
    reading.selection = selection ?? new Map();
    return reading;
  }
  const said = split(text), words = said.map(fold);
  const bandsOf = about.dimensions.map((d) => d.categories.map(band));
  const aged = bandsOf.map((b) => b.filter(Boolean).length).reduce((best, n, at, all) => (n > all[best] ? at : best), 0);
  const add = (at: number, length: number, dimension: number, categories: number[]) => {
    restrict(about, reading.selection, dimension, categories);
    const d = about.dimensions[dimension];
    reading.chips.push({ words: said.slice(at, at + length).join(" "), label: `${d.label}: ${categories.map((c) => d.categories[c]).join(" / ")}` });
  };
  const takeAges = (at: number, length: number, wanted: Band): boolean => {
    const bands = bandsOf[aged] ?? [];
    if (bands.filter(Boolean).length < 2) return false;
    const exact = madeOf(wanted, bands);
    const near = exact ?? bands.flatMap((b, i) => (b && b.from < wanted.to && wanted.from < b.to ? [i] : []));
    if (near.length === 0) return false;
    if (!exact) reading.unsure.push(written(about, new Map([[aged, near]])));
    add(at, length, aged, near);
    return true;
  };
  const takeNames = (at: number, length: number, names: string[], allBut: boolean): boolean => {
    const found = about.dimensions.map((d, dimension) => {
      const hits = d.categories.flatMap((c, i) => (names.some((n) => fold(c) === n || (n.length > 3 && fold(c).startsWith(n))) ? [i] : []));
      return { dimension, hits, all: d.categories.map((_, i) => i) };
    }).filter(({ hits }) => hits.length > 0);
    if (found.length === 0) return false;
    const { dimension, hits, all } = found[0];
    add(at, length, dimension, allBut ? all.filter((i) => !hits.includes(i)) : hits);
    return true;
  };
  const take = (at: number, length: number, meaning: Meaning): boolean => {
    const named = meaning.names ? takeNames(at, length, meaning.names, meaning.allBut ?? false) : false;
    const old = meaning.ages ? takeAges(at, length, { from: meaning.ages[0], to: meaning.ages[1] }) : false;
    return named || old;
  };
  const same = (at: number, name: string[], stems: boolean) => name.length > 0 && name.every((part, i) => words[at + i] !== undefined && (words[at + i] === part || (stems && part.length >= 4 && stem(words[at + i]) === stem(part))));
  const step = (at: number): number => {
    const years = ages(words, at);
    if (years) return takeAges(at, years[0], years[1]) ? years[0] : 0;
    type Named = { length: number; dimension: number; categories: number[] };
    let best: Named | null = null;
    // The plan's own words come before published names of the same length.
    const known = (d: (typeof about.dimensions)[number]): [string, number[]][] => [...Object.entries(d.synonyms), ...d.categories.map((c, i): [string, number[]] => [c, [i]])];
    about.dimensions.forEach((d, dimension) => known(d).forEach(([c, categories]) => {
      const folded = fold(c), name = split(folded);
      if (folded.length < 2 || SILENT.has(folded) || ["keine", "none", "no", "nein", "ja", "yes"].includes(folded) || !same(at, name, true)) return;
      if (!best || name.length > best.length) best = { length: name.length, dimension, categories };
    }));
    const named = best as Named | null;
    if (named) {
      add(at, named.length, named.dimension, named.categories);
      return named.length;
    }
    let place: { length: number; area: Area } | null = null;
    for (const area of areas) {
      const folded = fold(area.label), name = split(folded);
      if (folded.length >= 4 && same(at, name, false) && name.length > (place?.length ?? 0)) place = { length: name.length, area };
    }
    if (place) {
      reading.area = { level: place.area.level, id: place.area.id };
      reading.chips.push({ words: said.slice(at, at + place.length).join(" "), label: place.area.label });
      return place.length;
    }
    const first = stem(words[at]), pair = PAIRS[`${first} ${stem(words[at + 1] ?? "")}`];
    if (pair) return take(at, 2, pair) ? 2 : 0;
    if (/^gemeinden?$|^zellen?$|^cells?$|^municipalit/.test(words[at])) return 1;
    const meaning = WORDS[first] ?? WORDS[words[at]];
    return meaning && take(at, 1, meaning) ? 1 : 0;
  };
  for (let at = 0; at < words.length; ) {
    const length = step(at);
    if (length === 0 && OTHER_UNIT.test(words[at])) reading.otherUnits.push(said[at]);
    else if (length === 0 && !SILENT.has(words[at]) && (words[at].length >= 3 || /^\d+$/.test(words[at]))) reading.unread.push(said[at]);
    at += Math.max(length, 1);
  }
  reading.known = reading.chips.length > 0 || (reading.unread.length === 0 && words.length > 0);
  return reading;
}
