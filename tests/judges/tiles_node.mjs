// Reads tiles.pmtiles and tiles/ of a bundle with Mapbox's and Protomaps' own readers and prints what is in them as JSON:
//   { archive: { layer: { zoom: { features, sums: { attribute: sum over distinct ids }, statuses: { attribute: { status: count } } } } } },
//   plus "faults": a list of everything that is wrong. Exit status 1 if there is any.
// Use: node tiles_node.mjs BUNDLE
import { openSync, readSync, readFileSync, readdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { PMTiles, tileIdToZxy } from "pmtiles";

const bundle = process.argv[2];
const faults = [];
const fault = (text) => faults.length < 50 && faults.push(text);

class FileSource {
  constructor(path) {
    this.path = path;
    this.file = openSync(path);
  }
  getKey() {
    return this.path;
  }
  async getBytes(offset, length) {
    const bytes = Buffer.alloc(length);
    const read = readSync(this.file, bytes, 0, length, offset);
    return { data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + read) };
  }
}

function twiceArea(ring) {
  let area = 0;
  for (let i = 0; i + 1 < ring.length; i++) area += ring[i].x * ring[i + 1].y - ring[i + 1].x * ring[i].y;
  return area;
}

// Packed cell ids hold northing and easting over the size in 20 bits each: the next column is one more, the next row 2^20.
function checkNeighbours(cells, where) {
  for (const [id, points] of cells) {
    for (const step of [1, 2 ** 20]) {
      const beside = cells.get(id + step);
      if (!beside) continue;
      const common = [...points].filter((p) => beside.has(p)).length;
      if (common < 2) fault(`${where}: cells ${id} and ${id + step} share ${common} corners`);
    }
  }
}

class Summary {
  layers = {};
  known = new Map();
  add(z, x, y, bytes) {
    const tile = new VectorTile(new PbfReader(bytes));
    const where = `${z}/${x}/${y}`;
    if (Object.keys(tile.layers).length === 0) fault(`${where}: empty tile`);
    for (const [name, layer] of Object.entries(tile.layers)) {
      if (layer.version !== 2 || layer.extent !== 4096) fault(`${where} ${name}: version ${layer.version}, extent ${layer.extent}`);
      const zoom = ((this.layers[name] ??= {})[z] ??= { features: 0, sums: {}, statuses: {} });
      const cells = new Map();
      const ids = new Set();
      for (let i = 0; i < layer.length; i++) {
        const feature = layer.feature(i);
        if (!Number.isSafeInteger(feature.id)) fault(`${where} ${name}: id ${feature.id}`);
        if (ids.has(feature.id)) fault(`${where} ${name}: id ${feature.id} twice`);
        ids.add(feature.id);
        const rings = feature.loadGeometry();
        if (name === "labels") {
          if (feature.type !== 1 || rings.length !== 1 || rings[0].length !== 1) fault(`${where} labels: ${feature.id} is not one point`);
        } else if (feature.type !== 3) fault(`${where} ${name}: type ${feature.type}`);
        else if (rings.length === 0 || twiceArea(rings[0]) <= 0) fault(`${where} ${name}: first ring of ${feature.id} is no exterior`);
        if (feature.type === 3 && rings.some((ring) => twiceArea(ring) === 0)) fault(`${where} ${name}: ${feature.id} has a ring without area`);
        cells.set(feature.id, new Set(rings[0].map((p) => `${p.x},${p.y}`)));
        const properties = JSON.stringify(feature.properties);
        const key = `${name} ${z} ${feature.id}`;
        if (this.known.has(key)) {
          if (this.known.get(key) !== properties) fault(`${where} ${name}: ${feature.id} differs between tiles`);
          continue;
        }
        this.known.set(key, properties);
        zoom.features++;
        for (const [attribute, value] of Object.entries(feature.properties)) {
          if (typeof value === "number") zoom.sums[attribute] = (zoom.sums[attribute] ?? 0) + value;
          else if (attribute.endsWith("_status")) {
            const statuses = (zoom.statuses[attribute] ??= {});
            statuses[value] = (statuses[value] ?? 0) + 1;
          }
        }
      }
      if (/^\d+k?m(_|$)/.test(name)) checkNeighbours(cells, `${where} ${name}`);
    }
  }
}

async function allTiles(archive, add) {
  const header = await archive.getHeader();
  const addressed = [];
  const walk = async (offset, length) => {
    for (const entry of await archive.cache.getDirectory(archive.source, offset, length, header)) {
      if (entry.runLength === 0) await walk(header.leafDirectoryOffset + entry.offset, entry.length);
      else for (let i = 0; i < entry.runLength; i++) addressed.push(tileIdToZxy(entry.tileId + i));
    }
  };
  await walk(header.rootDirectoryOffset, header.rootDirectoryLength);
  for (const [z, x, y] of addressed) add(z, x, y, new Uint8Array((await archive.getZxy(z, x, y)).data));
  return { header, count: addressed.length };
}

const result = {};
const pmtilesPath = join(bundle, "tiles.pmtiles");
if (existsSync(pmtilesPath)) {
  const archive = new PMTiles(new FileSource(pmtilesPath));
  const summary = new Summary();
  const { header, count } = await allTiles(archive, (...tile) => summary.add(...tile));
  if (count !== header.numAddressedTiles) fault(`pmtiles: ${count} tiles, header says ${header.numAddressedTiles}`);
  const metadata = await archive.getMetadata();
  for (const layer of Object.keys(summary.layers)) {
    if (!metadata.vector_layers.some((described) => described.id === layer)) fault(`pmtiles: layer ${layer} is not described`);
  }
  result.pmtiles = summary.layers;
}
const folder = join(bundle, "tiles");
if (existsSync(folder)) {
  const summary = new Summary();
  for (const z of readdirSync(folder).filter((name) => /^\d+$/.test(name))) {
    for (const x of readdirSync(join(folder, z))) {
      for (const file of readdirSync(join(folder, z, x))) summary.add(+z, +x, parseInt(file), readFileSync(join(folder, z, x, file)));
    }
  }
  result.tiles = summary.layers;
  if (result.pmtiles && JSON.stringify(sorted(result.pmtiles)) !== JSON.stringify(sorted(result.tiles))) fault("tiles/ differs from tiles.pmtiles");
}

function sorted(value) {
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

console.log(JSON.stringify({ ...sorted(result), faults }, null, 1));
process.exitCode = faults.length ? 1 : 0;
