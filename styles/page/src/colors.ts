// Classes and colours, from published numbers only. The one place that knows them.

/** ColorBrewer 2.0 YlGnBu, six classes (Cynthia Brewer, Apache-2.0); in dark mode from dark to light. */
const LIGHT = ["#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494"];
const DARK = ["#1f2f5c", "#24558f", "#2c7fb8", "#41b6c4", "#8fd8c0", "#eaf7b8"];
/** Around the average: below brown, above green (ColorBrewer 2.0 BrBG). */
const DIVERGING = ["#a6611a", "#dfc27d", "#f1ead7", "#b8e0d8", "#5ab4ac", "#01665e"];

export interface Classes { starts: number[]; colors: string[] }

export const ZERO = { light: "#e7e4dc", dark: "#3a3d42" };

export function classes(numbers: number[], mode: "count" | "share" | "quotient", dark: boolean): Classes {
  if (mode === "quotient") return { starts: [0, 0.5, 0.8, 1, 1.25, 2], colors: DIVERGING };
  const colors = dark ? DARK : LIGHT;
  const sorted = Float64Array.from(numbers.filter((n) => n > 0)).sort();
  const starts = [...new Set(colors.map((_, i) => sorted[Math.floor((i * sorted.length) / colors.length)]).filter((n) => n !== undefined))];
  const picked = starts.map((_, i) => (starts.length === 1 ? colors[3] : colors[Math.round((i * (colors.length - 1)) / (starts.length - 1))]));
  return { starts, colors: picked };
}

export function classOf({ starts }: Classes, number: number): number {
  let at = 0;
  while (at + 1 < starts.length && starts[at + 1] <= number) at += 1;
  return at;
}
