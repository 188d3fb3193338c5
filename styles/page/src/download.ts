// Files for the desk: a table that Excel opens, GeoJSON, and a picture with title, legend and source.

import type { Count } from "./model";

interface TableRow { id: string; label: string; count: Count; base: Count }
interface Head { query: string; title: string; date: string; attribution: string; method: string }

export function save(name: string, type: string, content: string | Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** What a spreadsheet would take for a formula begins with an apostrophe. */
const quoted = (text: string) => {
  const safe = /^[=+@]|^-\D/.test(text) ? `'${text}` : text;
  return /[;"\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** UTF-8 with its mark, `;`, decimal comma: what Excel opens with a double click in German. */
export function csv(rows: TableRow[], head: Head): string {
  const decimal = (n: number | null) => (n === null ? "" : n.toFixed(4).replace(".", ","));
  const lines = [["id", "name", "stichtag", "abfrage", "anzahl", "status", "alle", "anteil"].join(";")];
  for (const { id, label, count, base } of rows) {
    const share = count.value !== null && base.value ? count.value / base.value : null;
    lines.push([quoted(id), quoted(label), quoted(head.date), quoted(head.query), count.value ?? "", count.status, base.value ?? "", decimal(share)].join(";"));
  }
  return `\ufeff${lines.join("\r\n")}\r\n`;
}

export function geojson(rows: TableRow[], head: Head, outline: (id: string) => GeoJSON.Geometry | null): string {
  const features = rows.map(({ id, label, count, base }) => ({
    type: "Feature", id, geometry: outline(id), properties: { id, label, n: count.value, status: count.status, base: base.value },
  }));
  return JSON.stringify({ type: "FeatureCollection", ...head, features });
}

export interface Line { text: string; color: string; hatched: boolean }
interface Picture { map: HTMLCanvasElement; scale: number; title: string; sub: string; source: string[]; lines: Line[]; dark: boolean }

/** The map with a head, its legend, and a foot that says where the numbers come from. */
export function picture({ map, scale, title, sub, source, lines, dark }: Picture): HTMLCanvasElement {
  const canvas = document.createElement("canvas"), px = (size: number) => size * scale;
  const font = (size: number, weight = 400) => `${weight} ${px(size)}px system-ui, sans-serif`;
  let pen = canvas.getContext("2d")!;
  pen.font = font(11);
  const foot = source.flatMap((line) => wrapped(pen, line, map.width - px(32)));
  const headHigh = px(64), footHigh = px(14 + 15 * foot.length);
  canvas.width = map.width;
  canvas.height = map.height + headHigh + footHigh;
  pen = canvas.getContext("2d")!;
  const [paper, ink] = dark ? ["#1b1d21", "#f2f3f5"] : ["#ffffff", "#1d2026"];
  pen.fillStyle = paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(map, 0, headHigh);
  pen.fillStyle = ink;
  pen.font = font(20, 600);
  pen.fillText(title, px(16), px(28), canvas.width - px(32));
  pen.font = font(14);
  pen.fillText(sub, px(16), px(50), canvas.width - px(32));
  pen.font = font(11);
  foot.forEach((line, i) => pen.fillText(line, px(16), canvas.height - footHigh + px(18 + 15 * i)));
  pen.font = font(12);
  const wide = Math.max(...lines.map((line) => pen.measureText(line.text).width), 0) + px(56), high = px(lines.length * 20 + 16);
  const x = canvas.width - wide - px(12), y = canvas.height - footHigh - high - px(12);
  pen.fillStyle = paper;
  pen.fillRect(x, y, wide, high);
  lines.forEach((line, i) => {
    const top = y + px(12 + i * 20);
    pen.fillStyle = line.hatched ? (dark ? "#3b3545" : "#e3dcea") : line.color || paper;
    pen.fillRect(x + px(10), top, px(18), px(13));
    if (line.hatched) {
      pen.strokeStyle = dark ? "#83779a" : "#9d8bb0";
      pen.lineWidth = px(1.5);
      for (let at = 0; at <= 18; at += 6) {
        pen.beginPath();
        pen.moveTo(x + px(10 + Math.max(at - 9, 0)), top + px(Math.min(at + 4, 13)));
        pen.lineTo(x + px(10 + Math.min(at + 4, 18)), top + px(Math.max(at - 14, 0)));
        pen.stroke();
      }
      pen.lineWidth = 1;
    }
    pen.strokeStyle = "#8888";
    pen.strokeRect(x + px(10), top, px(18), px(13));
    pen.fillStyle = ink;
    pen.fillText(line.text, x + px(36), top + px(11));
  });
  return canvas;
}

/** A text in lines no wider than this. */
function wrapped(pen: CanvasRenderingContext2D, text: string, wide: number): string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (pen.measureText(longer).width <= wide) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
