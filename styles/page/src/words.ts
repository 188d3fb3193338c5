// German first, English second.

export type Language = "de" | "en";

const TEXTS = {
  ask: ["Frage in Worten oder als Abfrage", "Question in words or as a query"],
  askExample: ["Wo wohnen Kinder unter 6?", "Where do children live?"],
  askButton: ["Fragen", "Ask"],
  everybody: ["Alle Personen", "Everybody"],
  group: ["Gruppe", "Group"],
  measure: ["Dargestellt wird", "Shown"],
  count: ["Anzahl", "Count"],
  share: ["Anteil", "Share"],
  quotient: ["Quotient", "Quotient"],
  places: ["Orte", "Places"],
  cells: ["Gitterzellen", "Grid cells"],
  date: ["Stichtag", "Date"],
  ranking: ["Rangliste", "Ranking"],
  distribution: ["Verteilung", "Distribution"],
  legend: ["Legende", "Legend"],
  suppressed: ["geheim gehalten", "withheld"],
  zero: ["niemand", "nobody"],
  zeroOrFew: ["niemand oder wenige", "nobody or a few"],
  none: ["keine Daten", "no data"],
  uncertain: ["unsicher", "uncertain"],
  compare: ["Vergleichen", "Compare"],
  compareEnd: ["Vergleich beenden", "End comparison"],
  left: ["links", "left"],
  right: ["rechts", "right"],
  divider: ["Trennlinie zwischen den Karten", "Divider between the maps"],
  draw: ["Gebiet zeichnen", "Draw an area"],
  drawEnd: ["Zeichnung verwerfen", "Discard drawing"],
  drawHelp: ["Ecken anklicken, mit Doppelklick oder Eingabetaste schließen", "Click corners, close with a double click or Enter"],
  drawn: ["Gezeichnetes Gebiet (ganze Zellen)", "Drawn area (whole cells)"],
  drawnFew: ["Hier leben zu wenige Menschen für eine Auskunft; ein größeres Gebiet zeichnen.", "Too few people live here to tell; draw a larger area."],
  search: ["Ort suchen", "Find a place"],
  download: ["Herunterladen", "Download"],
  csv: ["CSV (Excel)", "CSV (Excel)"],
  print: ["PDF / Drucken", "PDF / print"],
  link: ["Link kopieren", "Copy link"],
  linkDone: ["Link kopiert", "Link copied"],
  whole: ["Ganzes Gebiet", "Whole area"],
  theme: ["Hell / dunkel", "Light / dark"],
  language: ["English", "Deutsch"],
  howTo: ["So lesen Sie diese Karte", "How to read this map"],
  persons: ["Personen", "persons"],
  atLeast: ["mindestens", "at least"],
  of: ["von", "of"],
  mostIn: ["die meisten in", "most in"],
  hold: ["60 % davon leben in", "60 % of them live in"],
  nothingHere: ["Hier ist nichts veröffentlicht.", "Nothing is published here."],
  allWithheld: ["Auf dieser Ebene ist alles geheim gehalten; gröbere Zellen oder Gebiete wählen.", "Everything is withheld on this level; choose coarser cells or areas."],
  cell: ["Zelle", "Cell"],
  allDates: ["Alle Stichtage", "All dates"],
  onlyThis: ["Nur diesen Stichtag zeigen", "Show this date only"],
  zoomIn: ["Näher heran", "Zoom in"],
  zoomOut: ["Weiter weg", "Zoom out"],
  background: ["Hintergrundkarte", "Background map"],
  ofCells: ["Zellen", "cells"],
  ofAreas: ["Gebieten", "areas"],
  ofCell: ["Zelle", "cell"],
  ofArea: ["Gebiet", "area"],
  withheldIn: ["geheim gehalten in", "withheld in"],
  readAs: ["Gelesen als", "Read as"],
  unread: ["Nicht verstanden", "Not understood"],
  otherUnits: ["Gezählt sind Datensätze (meist Personen), nicht", "Counted are records (mostly persons), not"],
  unsure: ["Gemeint?", "Meant?"],
  notTogether: ["ist nicht zusammen veröffentlicht. Fragen lässt sich:", "is not published together. You can ask:"],
  nothingRead: ["In dieser Frage ist nichts veröffentlicht. Eine Gruppe unten anklicken.", "Nothing in this question is published. Click a group below."],
  loading: ["wird geladen …", "loading …"],
  failed: ["Das Ergebnis lässt sich nicht laden.", "The bundle cannot be loaded."],
  more: ["mehr", "more"],
  bundle: ["Ergebnis", "Bundle"],
  source: ["Quelle", "Source"],
  method: ["Methode", "Method"],
  close: ["Schließen", "Close"],
  skip: ["Zur Rangliste springen", "Skip to the ranking"],
  people: ["alle Personen", "all persons"],
  average: ["1 = wie im ganzen Gebiet", "1 = as in the whole area"],
  report: ["Bericht zur Geheimhaltung", "Report on protection"],
  map: ["Karte", "Map"],
} as const;

export type Word = keyof typeof TEXTS;

export const say = (language: Language, word: Word): string => TEXTS[word][language === "de" ? 0 : 1];

/** To make one takes longer than to write a hundred numbers with it. */
const formats = new Map<string, Intl.NumberFormat>();

export function number(language: Language, value: number, digits = 0, useGrouping = true): string {
  const key = `${language}${digits}${useGrouping}`;
  let format = formats.get(key);
  if (!format) formats.set(key, format = new Intl.NumberFormat(language === "de" ? "de-DE" : "en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping }));
  return format.format(value);
}

export function dateText(language: Language, date: string): string {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date);
  return parts && language === "de" ? `${Number(parts[3])}.${Number(parts[2])}.${parts[1]}` : date;
}

/** The method in one line, for whatever leaves the page. */
export function methodLine(language: Language, method: string, parameters: Record<string, string>): string {
  const lines: Record<string, [string, string]> = {
    suppress: [`Zahlen unter ${parameters.threshold ?? "der Mindestzahl"} geheim gehalten, übrige genau`, `numbers below ${parameters.threshold ?? "the threshold"} withheld, all others exact`],
    round: [`kleine Zahlen auf 0 oder ${parameters.base ?? "die Basis"} gerundet, Summen gehen auf`, `small numbers rounded to 0 or ${parameters.base ?? "the base"}, sums add up`],
    "cell-key": [`Zahlen um höchstens ${parameters.d ?? "wenige"} verändert`, `numbers changed by at most ${parameters.d ?? "a few"}`],
    none: ["Zahlen ungeschützt", "numbers not protected"],
  };
  return lines[method]?.[language === "de" ? 0 : 1] ?? method;
}

/** What the numbers are, by method. */
export function methodNote(language: Language, method: string, parameters: Record<string, string>): string[] {
  const de = language === "de";
  const own: Record<string, [string, string]> = {
    suppress: [
      `Zahlen unter ${parameters.threshold ?? "der Mindestzahl"} werden geheim gehalten, und dazu so viele andere, dass sich keine errechnen lässt. Veröffentlichte Zahlen sind genau. Schraffiert heißt: hier wird nichts gesagt – nicht, dass hier niemand ist.`,
      `Numbers below ${parameters.threshold ?? "the threshold"} are withheld, and as many others that none can be worked out. Published numbers are exact. Hatched means: nothing is told here – not that nobody is here.`,
    ],
    round: [
      `Kleine Zahlen sind auf 0 oder ${parameters.base ?? "die Basis"} gerundet, so dass alle Summen aufgehen. Jede einzelne Zahl kann um einige Personen abweichen.`,
      `Small numbers are rounded to 0 or ${parameters.base ?? "the base"}, so that all sums add up. Each number may be off by a few persons.`,
    ],
    "cell-key": [
      `Jede Zahl ist zufällig um höchstens ${parameters.d ?? "wenige"} verändert. Summen können von der Summe ihrer Teile abweichen.`,
      `Each number is changed at random by at most ${parameters.d ?? "a few"}. Sums may differ from the sum of their parts.`,
    ],
    none: [`Die Zahlen sind ungeschützt: ${parameters.reason ?? ""}`, `The numbers are not protected: ${parameters.reason ?? ""}`],
  };
  const first = own[method]?.[de ? 0 : 1] ?? method;
  return de
    ? [
        "Je näher Sie herangehen, desto kleiner werden die Zellen. Jede Zelle zeigt eine geschützte, veröffentlichte Zahl; es wird nichts geschätzt.",
        first,
        "„Anteil“ ist die Gruppe geteilt durch alle Personen am selben Ort. „Quotient“ vergleicht diesen Anteil mit dem im ganzen Gebiet: 2 heißt doppelt so hoch. Bei kleinen Zahlen schwanken beide stark.",
        "Die Klassen sind so gewählt, dass in jeder etwa gleich viele Orte liegen; sie gelten für die gezeigte Ebene.",
      ]
    : [
        "The closer you look, the smaller the cells. Each cell shows a protected, published number; nothing is estimated.",
        first,
        "“Share” is the group divided by all persons of the same place. “Quotient” compares it with the share in the whole area: 2 is twice as high. Both vary a lot where numbers are small.",
        "Classes hold about as many places each; they are those of the level shown.",
      ];
}
