// Glyph files as older MapLibre GL JS and MapLibre Native ask for them: signed distance fields of a free font, 256 characters a file.
//
// A glyph's field is what the renderers expect (fontnik's): 24 pixels to the em, 3 pixels around, 192 of 255 on the outline, 8 pixels of distance
// over the whole scale. Distances are exact: to the outline's own lines, curves cut into short ones.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import opentype from "opentype.js";
import { PbfWriter } from "pbf";

export const STACK = "Noto Sans Regular";
const RANGES = [0, 256, 8192];
const EM = 24, AROUND = 3, REACH = 8, EDGE = 0.25;

const require = createRequire(import.meta.url);
const fonts = ["latin", "latin-ext"].map((subset) => {
  const bytes = readFileSync(require.resolve(`@fontsource/noto-sans/files/noto-sans-${subset}-400-normal.woff`));
  return opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
});

/** The outline as short straight sides, y upwards. */
function sides(commands) {
  const all = [];
  let at = [0, 0], start = at;
  const to = (x, y) => { all.push([...at, x, y]); at = [x, y]; };
  for (const c of commands) {
    const [x, y] = [c.x, -c.y], from = at;
    if (c.type === "M") { start = at = [x, y]; continue; }
    if (c.type === "Z") { if (at[0] !== start[0] || at[1] !== start[1]) to(...start); continue; }
    const steps = c.type === "L" ? 1 : 4;
    for (let i = 1; i <= steps; i++) {
      const t = i / steps, u = 1 - t;
      const mix = (a, b, d, e) => c.type === "L" ? e : c.type === "Q" ? u * u * a + 2 * u * t * b + t * t * e : u ** 3 * a + 3 * u * u * t * b + 3 * u * t * t * d + t ** 3 * e;
      to(mix(from[0], c.x1, c.x2, x), mix(from[1], -c.y1, -c.y2, y));
    }
  }
  return all;
}

/** Distance to the outline, above 0 inside. */
function distance(all, px, py) {
  let nearest = Infinity, winding = 0;
  for (const [ax, ay, bx, by] of all) {
    const [dx, dy] = [bx - ax, by - ay], length = dx * dx + dy * dy;
    const t = length ? Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / length)) : 0;
    nearest = Math.min(nearest, Math.hypot(ax + t * dx - px, ay + t * dy - py));
    if ((ay <= py) !== (by <= py) && ax + ((py - ay) / dy) * dx > px) winding += by > ay ? 1 : -1;
  }
  return winding ? nearest : -nearest;
}

function glyph(code) {
  const font = fonts.find((font) => font.charToGlyphIndex(String.fromCodePoint(code)) > 0);
  if (!font) return null;
  const found = font.charToGlyph(String.fromCodePoint(code));
  const all = sides(found.getPath(0, 0, EM).commands);
  const advance = Math.round((found.advanceWidth / font.unitsPerEm) * EM);
  if (!all.length) return { code, width: 0, height: 0, left: 0, top: 0, advance };
  const xs = all.flatMap(([ax, , bx]) => [ax, bx]), ys = all.flatMap(([, ay, , by]) => [ay, by]);
  const left = Math.floor(Math.min(...xs)), right = Math.ceil(Math.max(...xs)), bottom = Math.floor(Math.min(...ys)), top = Math.ceil(Math.max(...ys));
  const [width, height] = [right - left, top - bottom], wide = width + 2 * AROUND;
  const bitmap = new Uint8Array(wide * (height + 2 * AROUND));
  for (let at = 0; at < bitmap.length; at++) {
    const x = left - AROUND + (at % wide) + 0.5, y = top + AROUND - Math.floor(at / wide) - 0.5;
    bitmap[at] = Math.round(255 * Math.min(1, Math.max(0, 1 - EDGE + distance(all, x, y) / REACH)));
  }
  // The renderers count from a line that lies below the em's top.
  return { code, bitmap, width, height, left, top: top - ASCENT, advance };
}

/** fontnik tells a glyph's top against the font's ascender, rounded. */
const ASCENT = Math.round((fonts[0].ascender / fonts[0].unitsPerEm) * EM);

/** Files by name; a range without any glyph has none. */
export function glyphFiles() {
  const files = new Map();
  for (const first of RANGES) {
    const found = Array.from({ length: 256 }, (_, at) => glyph(first + at)).filter(Boolean);
    if (!found.length) continue;
    const pbf = new PbfWriter();
    pbf.writeMessage(1, (_, pbf) => {
      pbf.writeStringField(1, STACK);
      pbf.writeStringField(2, `${first}-${first + 255}`);
      for (const one of found) {
        pbf.writeMessage(3, (one, pbf) => {
          pbf.writeVarintField(1, one.code);
          if (one.bitmap) pbf.writeBytesField(2, one.bitmap);
          pbf.writeVarintField(3, one.width);
          pbf.writeVarintField(4, one.height);
          pbf.writeSVarintField(5, one.left);
          pbf.writeSVarintField(6, one.top);
          pbf.writeVarintField(7, one.advance);
        }, one);
      }
    }, null);
    files.set(`fonts/${STACK}/${first}-${first + 255}.pbf`, pbf.finish());
  }
  return files;
}
