"""Reads tiles.pmtiles, tiles.mbtiles and tiles/ of a bundle with Python's readers, and the archives with GDAL, and prints what is in them as JSON:

{archive: {layer: {zoom: {features, sums: {attribute: sum over distinct ids}, statuses: {attribute: {status: count}}}}}, faults: [...]}

Exit status 1 if anything is wrong. Use: python tiles_python.py BUNDLE
"""

import gzip
import json
import re
import sqlite3
import sys
from collections import defaultdict
from pathlib import Path

import mapbox_vector_tile
import pyogrio
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles

faults = []


def fault(text):
    if len(faults) < 50:
        faults.append(text)


def new_zoom():
    return {"features": 0, "sums": defaultdict(int), "statuses": defaultdict(lambda: defaultdict(int))}


class Summary:
    def __init__(self):
        self.layers = defaultdict(lambda: defaultdict(new_zoom))
        self.known = {}
        self.joined = 0

    def add(self, z, x, y, data):
        for name, layer in mapbox_vector_tile.decode(data, default_options={"y_coord_down": True}).items():
            zoom = self.layers[name][str(z)]
            cells = {}
            for feature in layer["features"]:
                ident, properties = feature["id"], feature["properties"]
                geometry = feature["geometry"]
                if geometry["type"] == "Polygon":
                    cells[ident] = {tuple(point) for point in geometry["coordinates"][0]}
                key = (name, z, ident)
                if key in self.known:
                    if self.known[key] != properties:
                        fault(f"{z}/{x}/{y} {name}: {ident} differs between tiles")
                    continue
                self.known[key] = properties
                count(zoom, properties)
            squares = [f["geometry"]["coordinates"][0] for f in layer["features"] if "size_m" in f["properties"]]
            if squares:
                self.joined += 1
                if not shapely.coverage_is_valid([shapely.Polygon(square) for square in squares]):
                    fault(f"{z}/{x}/{y} {name}: cells of several sizes do not share the vertices where they meet")
            if re.match(r"\d+k?m(_|$)", name):
                for ident, points in cells.items():
                    for step in (1, 1 << 20):
                        beside = cells.get(ident + step)
                        if beside is not None and len(points & beside) < 2:
                            fault(f"{z}/{x}/{y} {name}: cells {ident} and {ident + step} do not share two corners")


def count(zoom, properties):
    zoom["features"] += 1
    for attribute, value in properties.items():
        if isinstance(value, int) and not isinstance(value, bool):
            zoom["sums"][attribute] += value
        elif attribute.endswith("_status"):
            zoom["statuses"][attribute][value] += 1


def with_gdal(path, layers):
    """The same by GDAL, at the first and the last zoom of each layer. GDAL joins no tiles, so features are told apart by the id of the tile format."""
    summary = defaultdict(lambda: defaultdict(new_zoom))
    for layer in layers:
        if layer["id"].startswith("extent"):
            continue
        for z in {layer["minzoom"], layer["maxzoom"]}:
            try:
                meta, _, _, columns = pyogrio.raw.read(path, layer=layer["id"], read_geometry=False, ZOOM_LEVEL=z)
            except Exception as error:
                fault(f"GDAL cannot read {layer['id']} at zoom {z}: {error}")
                continue
            names = list(meta["fields"])
            zoom, known = summary[layer["id"]][str(z)], set()
            for row in zip(*columns):
                values = {n: v for n, v in zip(names, row) if v is not None and v == v}
                ident = values.pop("mvt_id", None)
                if ident is None or ident in known:
                    if ident is None:
                        fault(f"GDAL finds no id in {layer['id']}")
                        break
                    continue
                known.add(ident)
                count(zoom, {n: v if isinstance(v, str) else int(v) for n, v in values.items()})
    return summary


def main(bundle):
    result = {}
    described = json.loads((bundle / "tiles.json").read_text())["vector_layers"]
    path = bundle / "tiles.pmtiles"
    if path.exists():
        summary = Summary()
        with open(path, "rb") as file:
            source = MmapSource(file)
            header = Reader(source).header()
            for (z, x, y), data in all_tiles(source):
                summary.add(z, x, y, gzip.decompress(data))
            length = 16384 + header["metadata_length"] + header["leaf_directory_length"] + header["tile_data_length"]
            result["joined_tiles"] = summary.joined
            if length != path.stat().st_size:
                fault(f"tiles.pmtiles: {path.stat().st_size} bytes, sections have {length}")
        result["pmtiles"] = summary.layers
        result["pmtiles_gdal"] = with_gdal(path, described)
    path = bundle / "tiles.mbtiles"
    if path.exists():
        summary = Summary()
        database = sqlite3.connect(path)
        for z, x, row, data in database.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"):
            summary.add(z, x, 2**z - 1 - row, gzip.decompress(data))
        result["mbtiles"] = summary.layers
        result["mbtiles_gdal"] = with_gdal(path, described)
    folder = bundle / "tiles"
    if folder.exists():
        summary = Summary()
        for file in folder.glob("*/*/*.pbf"):
            summary.add(int(file.parts[-3]), int(file.parts[-2]), int(file.stem), file.read_bytes())
        result["tiles"] = summary.layers
    whole = [archive for archive in ("pmtiles", "mbtiles", "tiles") if archive in result]
    for archive in whole[1:]:
        if result[archive] != result[whole[0]]:
            fault(f"{archive} differs from {whole[0]}")
    for archive in ("pmtiles", "mbtiles"):
        for layer, zooms in result.get(f"{archive}_gdal", {}).items():
            for z, found in zooms.items():
                if found != result[archive][layer][z]:
                    fault(f"{archive}: GDAL reads {layer} at zoom {z} differently")
    print(json.dumps(result | {"faults": faults}, indent=1, sort_keys=True))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
