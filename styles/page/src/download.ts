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

interface Picture {
  left: HTMLCanvasElement; right: HTMLCanvasElement | null; split: number; title: string; sub: string; source: string; dark: boolean;
  lines: { text: string; color: string; hatched: boolean }[];
}

export function picture({ left, right, split, title, sub, source, lines, dark }: Picture): Promise<Blob | null> {
  const scale = left.width / left.clientWidth || 1, canvas = document.createElement("canvas");
  const head = 64 * scale, foot = 28 * scale;
  canvas.width = left.width;
  canvas.height = left.height + head + foot;
  const pen = canvas.getContext("2d")!;
  const [paper, ink] = dark ? ["#1b1d21", "#f2f3f5"] : ["#ffffff", "#1d2026"];
  pen.fillStyle = paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(left, 0, head);
  if (right) {
    const x = Math.round(left.width * split);
    pen.drawImage(right, x, 0, right.width - x, right.height, x, head, right.width - x, right.height);
  }
  pen.fillStyle = ink;
  pen.font = `600 ${20 * scale}px system-ui, sans-serif`;
  pen.fillText(title, 16 * scale, 28 * scale);
  pen.font = `${14 * scale}px system-ui, sans-serif`;
  pen.fillText(sub, 16 * scale, 50 * scale);
  pen.font = `${11 * scale}px system-ui, sans-serif`;
  pen.fillText(source, 16 * scale, canvas.height - 10 * scale);
  const high = (lines.length * 20 + 16) * scale, wide = 190 * scale, x = canvas.width - wide - 12 * scale, y = canvas.height - foot - high - 12 * scale;
  pen.fillStyle = paper;
  pen.fillRect(x, y, wide, high);
  lines.forEach((line, i) => {
    const top = y + (12 + i * 20) * scale;
    pen.fillStyle = line.hatched ? "#cfc4d6" : line.color || paper;
    pen.fillRect(x + 10 * scale, top, 18 * scale, 13 * scale);
    pen.strokeStyle = "#8888";
    pen.strokeRect(x + 10 * scale, top, 18 * scale, 13 * scale);
    pen.fillStyle = ink;
    pen.font = `${12 * scale}px system-ui, sans-serif`;
    pen.fillText(line.text, x + 36 * scale, top + 11 * scale);
  });
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
