"""Judges the files of a bundle with foreign programs: pyarrow, DuckDB, GDAL (pyogrio), GEOS (shapely), PROJ (pyproj), SQLite and csv.

    python exports_python.py BUNDLE

Every format that is there must say what release.parquet says: same units in the same order, same ids, values and statuses. Geometry must be valid, lie
where PROJ puts it, and neighbouring cells must share their vertices. Prints one JSON object; exit status 1 if anything fails.

Needs: pyarrow duckdb pyogrio shapely pyproj numpy.
"""

import csv
import glob
import json
import os
import re
import sqlite3
import sys
import warnings

import duckdb
import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.compute  # noqa: F401
import pyarrow.parquet as pq
import pyogrio
import pyproj
import shapely

STATUSES = ["value", "zero", "suppressed", "uncertain", "none"]
CODE = re.compile(r"CRS3035RES(\d+)mN(-?\d+)E(-?\d+)$")
NO_NUMBER = np.iinfo(np.int64).min

failures = []
checked = {}


def check(ok, what):
    checked.setdefault("checks", 0)
    checked["checks"] += 1
    if not ok:
        failures.append(what)
    return ok


def status_codes(names):
    return np.array([STATUSES.index(n) for n in names], dtype=np.int8)


class Layer:
    """One level of one date as release.parquet has it."""

    def __init__(self, date, level, ids, columns, values, statuses):
        self.date, self.level, self.ids, self.columns = date, level, ids, columns
        self.values, self.statuses = values, statuses


def read_release(path):
    file = pq.ParquetFile(path)
    meta = file.metadata.metadata
    check(b"method" in meta and b"parameters" in meta, "release.parquet: method or parameters missing in the file's metadata")
    if meta.get(b"method") == b"none":
        check(json.loads(meta[b"parameters"]).get("reason"), "release.parquet: method none without a reason")
    table = file.read()
    expected = ["date", "level", "id", "table", "group", "value", "status"]
    if "merge_largest" in json.loads(meta.get(b"parameters", b"{}")):
        expected.append("size_m")
        sizes = [CODE.match(i) for i in table["id"].to_pylist()]
        sizes = [int(c.group(1)) if c else None for c in sizes]
        check(table["size_m"].to_pylist() == sizes, "release.parquet: size_m is not what the code says")
    check(table.column_names == expected, f"release.parquet: columns {table.column_names}")
    check(table.schema.field("value").type == pa.int64(), "release.parquet: value is no int64")
    rows = table.num_rows
    checked["rows"] = rows

    def codes(name):
        column = table[name].combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks() if column.num_chunks else pa.array([], pa.string())
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        return coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()

    status, status_names = codes("status")
    check(set(status_names) <= set(STATUSES), f"release.parquet: statuses {status_names}")
    statuses = status_codes(status_names)[status] if rows else np.array([], np.int8)
    value = table["value"].combine_chunks()
    missing = value.is_null().to_numpy(zero_copy_only=False)
    values = value.fill_null(NO_NUMBER).to_numpy(zero_copy_only=False)
    check(np.array_equal(missing, np.isin(statuses, [2, 4])), "release.parquet: value is null exactly where suppressed or none")
    check((values[statuses == 1] == 0).all(), "release.parquet: zero is 0")
    check((values[statuses == 0] != 0).all(), "release.parquet: value is not 0")

    # DuckDB reads the same.
    sql = f"SELECT status, count(*), count(value), coalesce(sum(value), 0)::HUGEINT, count(DISTINCT id) FROM '{path}' GROUP BY status ORDER BY status"
    for name, count, numbers, total, _ in duckdb.sql(sql).fetchall():
        mine = statuses == STATUSES.index(name)
        present = mine & ~missing
        same = (count, numbers, int(total)) == (int(mine.sum()), int(present.sum()), int(values[present].astype(object).sum() or 0))
        check(same, f"release.parquet: duckdb and pyarrow differ for {name}")

    (date, dates), (level, levels), (unit, ids) = codes("date"), codes("level"), codes("id")
    (tab, tables), (group, groups) = codes("table"), codes("group")
    layers, start = [], 0
    borders = np.flatnonzero((np.diff(date) != 0) | (np.diff(level) != 0)) + 1
    for end in [*borders.tolist(), rows]:
        if end == start:
            continue
        part = slice(start, end)
        changes = np.flatnonzero(np.diff(unit[part])) + 1
        per_unit = int(changes[0]) if len(changes) else end - start
        name = levels[level[start]]
        if not check((end - start) % per_unit == 0, f"{name}: units have different numbers of rows"):
            return []
        shape = (-1, per_unit)
        u, t, g = unit[part].reshape(shape), tab[part].reshape(shape), group[part].reshape(shape)
        check((u == u[:, :1]).all() and len(np.unique(u[:, 0])) == len(u), f"{name}: a unit's rows stand apart")
        check((t == t[0]).all() and (g == g[0]).all(), f"{name}: columns are not the same for every unit")
        columns = [(tables[a], groups[b]) for a, b in zip(t[0], g[0])]
        check(columns[0] == ("total", ""), f"{name}: the first column is no total")
        check(len(set(columns)) == len(columns), f"{name}: a column occurs twice")
        when = dates[date[start]] if date[start] >= 0 else None
        layers.append(
            Layer(when, name, [ids[i] for i in u[:, 0]], columns, values[part].reshape(shape), statuses[part].reshape(shape))
        )
        start = end
    several = len({layer.date for layer in layers}) > 1
    for layer in layers:
        layer.name = f"{layer.level}_{layer.date}" if several and layer.date else layer.level
    return layers


def same(layer, where, ids, values, statuses):
    if not check(list(ids) == layer.ids, f"{where}: ids differ from release.parquet"):
        return
    for found, expected, what in [(values, layer.values, "values"), (statuses, layer.statuses, "statuses")]:
        if check(found.shape == expected.shape, f"{where}: {what} have shape {found.shape}, not {expected.shape}"):
            wrong = int((found != expected).sum())
            check(wrong == 0, f"{where}: {wrong} {what} differ from release.parquet")


def arrow_numbers(column):
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_null(column.type):
        return np.full(len(column), NO_NUMBER)
    return column.cast(pa.int64()).fill_null(NO_NUMBER).to_numpy(zero_copy_only=False)


def geometry(layer, where, shapes, to_target, tolerance):
    check(shapely.is_valid(shapes).all(), f"{where}: {int((~shapely.is_valid(shapes)).sum())} geometries are not valid")
    parts = shapely.get_parts(shapes)
    check(shapely.is_ccw(shapely.get_exterior_ring(parts)).all(), f"{where}: an exterior ring is clockwise")
    codes = [CODE.match(i) for i in layer.ids]
    if not all(codes):
        return
    check(set(shapely.get_type_id(shapes)) == {3}, f"{where}: cells are no polygons")
    size = int(codes[0].group(1))
    if any(int(c.group(1)) != size for c in codes):
        return joined(codes, where, shapes, to_target, tolerance)
    north = np.array([int(c.group(2)) for c in codes])
    east = np.array([int(c.group(3)) for c in codes])
    counts = shapely.get_num_coordinates(shapes)
    if not check((counts == counts[0]).all() and (counts[0] - 1) % 4 == 0, f"{where}: rings differ in length"):
        return
    pieces = (counts[0] - 1) // 4
    rings = shapely.get_coordinates(shapes).reshape(-1, counts[0], 2)
    # Every side as a polyline from west to east or south to north, with the corner it begins at: equal sides of two cells are the same numbers.
    sides = []
    for k, (horizontal, de, dn, backwards) in enumerate([(1, 0, 0, 0), (0, size, 0, 0), (1, 0, size, 1), (0, 0, 0, 1)]):
        line = rings[:, k * pieces : (k + 1) * pieces + 1]
        line = line[:, ::-1] if backwards else line
        key = np.stack([np.full(len(east), horizontal), east + de, north + dn], axis=1)
        sides.append((key, line))
    keys = np.concatenate([k for k, _ in sides])
    lines = np.concatenate([line for _, line in sides])
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    twins = lines[first][inverse.reshape(-1)]
    check((lines == twins).all(), f"{where}: neighbours do not share their vertices")
    checked["shared_sides"] = checked.get("shared_sides", 0) + len(keys) - len(first)
    # Every vertex is where PROJ puts it.
    along = np.linspace(0, size, pieces + 1)
    e = keys[:, 1, None] + along * (keys[:, 0, None] == 1)
    n = keys[:, 2, None] + along * (keys[:, 0, None] == 0)
    x, y = to_target.transform(e, n)
    far = max(float(np.abs(lines[..., 0] - x).max()), float(np.abs(lines[..., 1] - y).max()))
    check(far <= tolerance, f"{where}: vertices are {far:g} units away from PROJ's")


def joined(codes, where, shapes, to_target, tolerance):
    """Cells of several sizes: GEOS finds no edge that only one of two neighbours splits, and every vertex lies on its cell's sides by PROJ."""
    check(shapely.coverage_is_valid(shapes), f"{where}: cells do not share the vertices where they meet")
    checked["joined_layers"] = checked.get("joined_layers", 0) + 1
    counts = shapely.get_num_coordinates(shapes)
    vertices = shapely.get_coordinates(shapes)
    sizes, north, east = [np.repeat([int(c.group(k)) for c in codes], counts) for k in (1, 2, 3)]
    e, n = to_target.transform(vertices[:, 0], vertices[:, 1], direction="INVERSE")
    e, n = e - east, n - north
    # To the nearest place of a lattice of half a metre, which holds all corners and splits, and back.
    e, n = np.round(e * 2) / 2, np.round(n * 2) / 2
    on_side = ((e == 0) | (e == sizes) | (n == 0) | (n == sizes)) & (e >= 0) & (e <= sizes) & (n >= 0) & (n <= sizes)
    check(on_side.all(), f"{where}: {int((~on_side).sum())} vertices lie beside their cell's sides")
    x, y = to_target.transform(e + east, n + north)
    far = max(float(np.abs(vertices[:, 0] - x).max()), float(np.abs(vertices[:, 1] - y).max()))
    check(far <= tolerance, f"{where}: vertices are {far:g} units away from PROJ's")
    area = shapely.area(shapes)
    check((area > 0).all() and not (counts == counts[0]).all(), f"{where}: no ring carries a finer corner")


def sizes_told(layer, where, sizes):
    codes = [CODE.match(i) for i in layer.ids]
    check(sizes == [int(c.group(1)) if c else None for c in codes], f"{where}: size_m is not what the codes say")


def judge_geojson(path, layer):
    where = os.path.basename(path)
    with open(path, encoding="utf-8") as text:
        data = json.load(text)
    check("crs" not in data and data["type"] == "FeatureCollection", f"{where}: no plain RFC 7946 collection")
    check({"title", "attribution", "method", "parameters"} <= set(data), f"{where}: foreign members missing")
    features = data["features"]
    ids = [f["properties"]["id"] for f in features]
    feature_ids = np.array([f["id"] for f in features], dtype=np.int64)
    check((feature_ids < 2**53).all() and len(np.unique(feature_ids)) == len(features), f"{where}: feature ids not unique below 2^53")
    names, values, statuses = None, np.empty(layer.values.shape, np.int64), np.empty(layer.values.shape, np.int8)
    for row, feature in enumerate(features[: len(values)]):
        properties = feature["properties"]
        if properties.get("date") != layer.date:
            check(False, f"{where}: feature {row} has another date")
        keys = [k for k in properties if k not in ("id", "label", "size_m", "date")]
        mine, i = [], 0
        while i < len(keys):
            name = keys[i]
            status = "value"
            if i + 1 < len(keys) and keys[i + 1] == f"{name}_status":
                status, i = properties[keys[i + 1]], i + 1
            number = properties[name]
            if len(mine) < values.shape[1]:
                values[row, len(mine)] = NO_NUMBER if number is None else number
                statuses[row, len(mine)] = STATUSES.index(status)
            mine.append(name)
            i += 1
        names = names or mine
        if mine != names or len(mine) != values.shape[1]:
            check(False, f"{where}: feature {row} has other fields")
            return feature_ids, names or []
    same(layer, where, ids, values, statuses)
    if features and "size_m" in features[0]["properties"]:
        sizes_told(layer, where, [f["properties"].get("size_m") for f in features])
    if ids != layer.ids:
        return feature_ids, names or []
    # GDAL reads the same.
    meta, table = pyogrio.read_arrow(path)
    check(meta["crs"] == "EPSG:4326", f"{where}: GDAL sees {meta['crs']}")
    check(table["id"].to_pylist() == layer.ids, f"{where}: GDAL reads other ids")
    gdal = np.stack([arrow_numbers(table[n]) for n in names], axis=1)
    check(np.array_equal(gdal, layer.values), f"{where}: GDAL reads other values")
    shapes = shapely.from_wkb(table[meta["geometry_name"] or "wkb_geometry"].to_numpy(zero_copy_only=False))
    geometry(layer, where, shapes, pyproj.Transformer.from_crs(3035, 4326, always_xy=True), 7e-8)
    decimals = re.compile(r"\d\.\d{8}")
    with open(path, encoding="utf-8") as text:
        check(not any(decimals.search(line.split('"geometry":', 1)[-1]) for line in text), f"{where}: more than seven decimals")
    return feature_ids, names


def judge_geopackage(path, layers, feature_ids):
    where = os.path.basename(path)
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    one = lambda sql, *a: database.execute(sql, a).fetchone()[0]
    check(one("PRAGMA application_id") == 0x47504B47, f"{where}: application_id")
    check(one("PRAGMA user_version") in (10200, 10300, 10400), f"{where}: user_version")
    check(one("PRAGMA integrity_check") == "ok", f"{where}: integrity_check")
    check(database.execute("PRAGMA foreign_key_check").fetchall() == [], f"{where}: foreign_key_check")
    check(one("PRAGMA journal_mode") == "delete", f"{where}: journal mode")
    check(not [f for f in glob.glob(path + "-*")], f"{where}: a journal is left")
    check({-1, 0, 4326} <= {r[0] for r in database.execute("SELECT srs_id FROM gpkg_spatial_ref_sys")}, f"{where}: core reference systems")
    contents = {r[0]: r[1:] for r in database.execute("SELECT table_name, data_type, description, srs_id, min_x, min_y, max_x, max_y FROM gpkg_contents")}
    first_parts = [layer.name for layer in layers]
    check(set(first_parts) <= set(contents), f"{where}: layers {sorted(contents)}")
    tables = {r[0] for r in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    for layer in layers:
        parts = [layer.name] + [p for p in (f"{layer.name}_{i}" for i in range(2, 99)) if p in contents]
        values, statuses, table_ids, fids = [], [], None, None
        for part in parts:
            at = f"{where}/{part}"
            _, description, srs_id, *bounds = contents[part]
            check("protection: " in description, f"{at}: description does not name the protection")
            index = f"rtree_{part}_geom"
            listed = one("SELECT count(*) FROM gpkg_extensions WHERE table_name = ? AND extension_name = 'gpkg_rtree_index'", part)
            check(index in tables and listed == 1, f"{at}: no spatial index")
            triggers = one("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", part)
            check(triggers == 6, f"{at}: {triggers} triggers of the spatial index")
            try:
                check(one(f'SELECT rtreecheck("{index}")'.replace('"', "'")) == "ok", f"{at}: spatial index is broken")
            except sqlite3.OperationalError:
                pass  # this Python's SQLite has no rtreecheck
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                meta, table = pyogrio.read_arrow(path, layer=part, return_fids=True)
            check(not told, f"{at}: GDAL warns: {[str(w.message) for w in told]}")
            if srs_id < 100000:
                check(meta["crs"] == f"EPSG:{srs_id}", f"{at}: GDAL sees {meta['crs']}")
            fids = np.array(table[meta.get("fid_column") or "fid"].to_pylist(), dtype=np.int64) if "fid" in table.column_names else np.array([r[0] for r in database.execute(f'SELECT fid FROM "{part}"')])
            table_ids = table["id"].to_pylist()
            if "size_m" in table.column_names:
                codes = [CODE.match(i) for i in table_ids]
                check(table["size_m"].to_pylist() == [int(c.group(1)) for c in codes], f"{at}: size_m is not what the codes say")
            columns = [r[1] for r in database.execute(f'PRAGMA table_info("{part}")')]
            titled = one("SELECT count(*) FROM gpkg_data_columns WHERE table_name = ? AND title NOTNULL", part)
            check(titled == len(columns) - 2, f"{at}: {titled} aliases for {len(columns) - 2} columns")
            columns = [c for c in columns if c not in ("fid", "geom", "id", "label", "size_m", "date")]
            half = len(columns) // 2
            check([f"{c}_status" for c in columns[:half]] == columns[half:], f"{at}: a field without its status")
            styled = one("SELECT count(*) FROM layer_styles WHERE f_table_name = ? AND useAsDefault", part)
            check(styled == (part == layer.name), f"{at}: {styled} styles are the one that is loaded")
            values += [arrow_numbers(table[c]) for c in columns[:half]]
            for c in columns[half:]:
                coded = table[c].combine_chunks().dictionary_encode()
                coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
                statuses.append(status_codes(coded.dictionary.to_pylist())[coded.indices.to_numpy(zero_copy_only=False)])
            shapes = shapely.from_wkb(table[meta["geometry_name"] or "geom"].to_numpy(zero_copy_only=False))
            box = shapely.total_bounds(shapes)
            check(np.allclose(box, bounds, rtol=0, atol=0), f"{at}: gpkg_contents says {bounds}, the features {box.tolist()}")
            rows = database.execute(f'SELECT id, minx, maxx, miny, maxy FROM "{index}" ORDER BY id').fetchall()
            rtree = np.array(rows)
            order = np.argsort(fids)
            if check(np.array_equal(rtree[:, 0].astype(np.int64), fids[order]), f"{at}: the index holds other features"):
                b = shapely.bounds(shapes)[order]
                inside = (rtree[:, 1] <= b[:, 0]) & (rtree[:, 2] >= b[:, 2]) & (rtree[:, 3] <= b[:, 1]) & (rtree[:, 4] >= b[:, 3])
                check(inside.all(), f"{at}: the index's boxes are too small")
            if srs_id < 100000:
                geographic = pyproj.CRS.from_epsg(srs_id).is_geographic
                transformer = pyproj.Transformer.from_crs(3035, srs_id, always_xy=True)
                # A datum shift is PROJ's choice of many: only systems on ETRS89 or WGS 84 are compared to the millimetre.
                close = srs_id in (3035, 3857, 4258, 4326, 4647, 5650) or 25800 < srs_id < 25900 or 32600 < srs_id < 32700
                tolerance = (2e-8 if geographic else 0.002) if close else np.inf
                position = {i: n for n, i in enumerate(table_ids)}
                if check(set(position) == set(layer.ids), f"{at}: other ids"):
                    geometry(layer, at, shapes[[position[i] for i in layer.ids]], transformer, tolerance)
        # Rows come by fid; bring them into the release's order.
        position = {i: n for n, i in enumerate(table_ids)}
        if not check(set(position) == set(layer.ids), f"{where}/{layer.name}: other ids"):
            continue
        take = [position[i] for i in layer.ids]
        same(layer, f"{where}/{layer.name}", [table_ids[i] for i in take], np.stack(values, axis=1)[take], np.stack(statuses, axis=1)[take])
        if len(feature_ids.get(layer.name, [])) == len(take):
            check(np.array_equal(fids[take], feature_ids[layer.name]), f"{where}/{layer.name}: fid differs from the GeoJSON id")


def judge_flat(kind, path, layer, names):
    """GeoParquet by pyarrow, DuckDB and GDAL's rules for its metadata; FlatGeobuf and GeoJSON lines by GDAL."""
    where = os.path.basename(path)
    if kind == "geoparquet":
        file = pq.ParquetFile(path)
        geo = json.loads(file.metadata.metadata[b"geo"])
        column = geo["columns"]["geometry"]
        check(geo["version"] == "1.1.0" and column["encoding"] == "WKB", f"{where}: {geo['version']}, {column['encoding']}")
        check(pyproj.CRS.from_json_dict(column["crs"]) == pyproj.CRS.from_user_input("OGC:CRS84"), f"{where}: another reference system")
        table = file.read()
        shapes = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
        boxes = np.stack([pa.compute.struct_field(table["bbox"], i).to_numpy() for i in range(4)], axis=1)
        check(np.array_equal(boxes, shapely.bounds(shapes)), f"{where}: boxes are not those of the geometries")
        check(np.array_equal(shapely.total_bounds(shapes), column["bbox"]), f"{where}: the bbox of the file is another")
        frame = geopandas.read_parquet(path)
        check(len(frame) == len(layer.ids) and frame.crs is not None, f"{where}: GeoPandas reads {len(frame)} rows, {frame.crs}")
        total = duckdb.sql(f"SELECT coalesce(sum(total), 0)::HUGEINT FROM '{path}'").fetchall()[0][0] if "total" in table.column_names else None
        mine = layer.values[:, 0]
        check(total is None or int(total) == int(mine[mine != NO_NUMBER].sum()), f"{where}: DuckDB adds up to {total}")
    else:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            meta, table = pyogrio.read_arrow(path)
        check(not told, f"{where}: GDAL warns: {[str(w.message) for w in told]}")
        check(meta["crs"] == "EPSG:4326", f"{where}: GDAL sees {meta['crs']}")
        shapes = shapely.from_wkb(table[meta["geometry_name"] or "wkb_geometry"].to_numpy(zero_copy_only=False))
    ids = table["id"].to_pylist()
    position = {i: n for n, i in enumerate(ids)}
    if not check(set(position) == set(layer.ids) and len(ids) == len(layer.ids), f"{where}: other ids"):
        return
    if names is None:
        names = [c.removesuffix("_status") for c in table.column_names if c.endswith("_status")]
    take = [position[i] for i in layer.ids]
    values = np.stack([arrow_numbers(table[n]) for n in names], axis=1)[take]

    def status(name):
        # A line of GeoJSON leaves out the status of a plain number; GDAL leaves out a column that no line has.
        if f"{name}_status" not in table.column_names:
            return np.zeros(len(ids), np.int8)
        return status_codes([s or "value" for s in table[f"{name}_status"].to_pylist()])

    statuses = np.stack([status(n) for n in names], axis=1)[take]
    same(layer, where, [ids[i] for i in take], values, statuses)
    tolerance = 7e-8 if kind == "geojsonl" else 2e-8
    geometry(layer, where, shapes[take], pyproj.Transformer.from_crs(3035, 4326, always_xy=True), tolerance)


def judge_csv(folder, layer, names):
    labels = None
    for ending, separator, mark in [("", ",", b""), ("_excel", ";", b"\xef\xbb\xbf")]:
        path = os.path.join(folder, f"{layer.name}{ending}.csv")
        where = os.path.basename(path)
        if not check(os.path.exists(path), f"{where}: missing"):
            return
        with open(path, "rb") as raw:
            begin = raw.read(3)
        check((begin == b"\xef\xbb\xbf") == bool(mark), f"{where}: byte order mark")
        with open(path, encoding="utf-8-sig", newline="") as text:
            rows = list(csv.reader(text, delimiter=separator))
        header, rows = rows[0], rows[1:]
        fixed = sum(1 for h in header[:4] if h in ("id", "label", "size_m", "date"))
        count = (len(header) - fixed) // 2
        fields = header[fixed : fixed + count]
        check([f"{f}_status" for f in fields] == header[fixed + count :], f"{where}: a field without its status")
        check(names is None or fields == names, f"{where}: fields differ from GeoJSON's")
        check(all(len(r) == len(header) for r in rows), f"{where}: rows differ in length")
        values = np.array([[int(v) if v else NO_NUMBER for v in r[fixed : fixed + count]] for r in rows], dtype=np.int64)
        statuses = np.array([[STATUSES.index(s) for s in r[fixed + count :]] for r in rows], dtype=np.int8)
        same(layer, where, [r[0].removeprefix("'") if mark else r[0] for r in rows], values, statuses)
        if "size_m" in header:
            sizes_told(layer, where, [int(r[header.index("size_m")]) for r in rows])
        if "date" in header:
            check({r[header.index("date")] for r in rows} <= {layer.date}, f"{where}: date")
        if "label" in header:
            mine = [r[1].removeprefix("'") for r in rows]
            check(labels is None or labels == mine, f"{where}: labels differ between the two forms")
            labels = mine
            if mark:
                check(not any(r[1].startswith(("=", "+", "-", "@")) for r in rows), f"{where}: a label is a formula")


def main(bundle):
    layers = read_release(os.path.join(bundle, "release.parquet"))
    checked["layers"] = {layer.name: len(layer.ids) for layer in layers}
    formats = ["parquet"]
    feature_ids, names = {}, {}
    folder = os.path.join(bundle, "geojson")
    if os.path.isdir(folder):
        formats.append("geojson")
        found = {os.path.basename(p)[: -len(".geojson")] for p in glob.glob(os.path.join(folder, "*.geojson"))}
        check(found == {layer.name for layer in layers}, f"geojson: files {sorted(found)}")
        for layer in layers:
            if layer.name in found:
                feature_ids[layer.name], names[layer.name] = judge_geojson(os.path.join(folder, f"{layer.name}.geojson"), layer)
    for kind, ending in [("geojsonl", "geojsonl"), ("geoparquet", "parquet"), ("flatgeobuf", "fgb")]:
        if os.path.isdir(os.path.join(bundle, kind)):
            formats.append(kind)
            for layer in layers:
                judge_flat(kind, os.path.join(bundle, kind, f"{layer.name}.{ending}"), layer, names.get(layer.name))
    for path in glob.glob(os.path.join(bundle, "*.gpkg")):
        formats.append("gpkg")
        judge_geopackage(path, layers, feature_ids)
    folder = os.path.join(bundle, "csv")
    if os.path.isdir(folder):
        formats.append("csv")
        for layer in layers:
            judge_csv(folder, layer, names.get(layer.name))
        with open(os.path.join(folder, "README.txt"), encoding="utf-8") as text:
            check("protection: " in text.read(), "csv/README.txt: the protection is not named")
    checked["formats"] = formats
    print(json.dumps({"ok": not failures, **checked, "failures": failures[:50]}, ensure_ascii=False, indent=1))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
