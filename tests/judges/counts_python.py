"""Counts the records again with PROJ, GEOS and DuckDB, compares every published number, then tries to compute what was withheld.

usage: counts_python.py BUNDLE RECORDS --crs EPSG:25832 --x COL --y COL --sizes 100,1000 --dimension name=column …
       [--area name=FILE:KEY] --threshold 5 [--minimum 10 --largest 1000] [--empty-unknown]

With --minimum and --largest cells are joined first, by the rule of quadtree protection: a cell of the next size becomes one where some cell in it has
fewer than the minimum.

Prints one JSON object. Exit status 1 if a number differs, a small one is published, or a withheld small one can be computed by adding and
subtracting published numbers. The attack is independent of the program's: a random vector is projected on the null space of the
published sums over atoms (finest cell x area x finest group; those with records, or with --empty-unknown all that no published zero empties) by LSMR in floating point; a withheld small count whose row is orthogonal to it is
determined by the published ones.
"""

import argparse
import itertools
import json
import sys

import duckdb
import numpy as np
import pyproj
import shapely
import geopandas
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import lsmr

arguments = argparse.ArgumentParser()
arguments.add_argument("bundle")
arguments.add_argument("records")
arguments.add_argument("--crs", required=True)
arguments.add_argument("--x", required=True)
arguments.add_argument("--y", required=True)
arguments.add_argument("--sizes", required=True)
arguments.add_argument("--dimension", action="append", default=[])
arguments.add_argument("--area", action="append", default=[])
arguments.add_argument("--threshold", type=int, required=True)
arguments.add_argument("--separator", default=",")
arguments.add_argument("--minimum", type=int)
arguments.add_argument("--largest", type=int)
arguments.add_argument("--empty-unknown", action="store_true")
given = arguments.parse_args()
sizes = sorted(int(size) for size in given.sizes.split(","))
dimensions = dict(text.split("=", 1) for text in given.dimension)

db = duckdb.connect()
columns = ", ".join(f'"{column}" AS "{name}"' for name, column in dimensions.items())
frame = db.execute(
    f"""SELECT "{given.x}"::DOUBLE AS x, "{given.y}"::DOUBLE AS y {"," if columns else ""} {columns}
        FROM read_csv(?, all_varchar = true, delim = ?)""",
    [given.records, given.separator],
).df()
east, north = pyproj.Transformer.from_crs(given.crs, "EPSG:3035", always_xy=True).transform(frame.x.to_numpy(), frame.y.to_numpy())
# A point closer to a cell edge than PROJ agrees with itself on another machine may fall on either side.
near_edge = np.minimum.reduce([np.abs(v / sizes[0] - np.round(v / sizes[0])) * sizes[0] for v in (east, north)]) < 1e-3


def level_name(size):
    return f"{size // 1000}km" if size % 1000 == 0 else f"{size}m"


def code(size):
    e, n = (np.floor(v / size).astype(np.int64) * size for v in (east, north))
    prefix = f"CRS3035RES{size}m"
    return np.array([f"{prefix}N{b}E{a}" for a, b in zip(e, n)], dtype=object)


codes = {size: code(size) for size in sizes}
joined = {}
if given.minimum:
    for fine, coarse in zip(sizes, sizes[1:]):
        if coarse <= given.largest:
            _, cell, persons = np.unique(codes[fine].astype(str), return_inverse=True, return_counts=True)
            few = persons[cell] < given.minimum
            joined[coarse] = np.isin(codes[coarse].astype(str), np.unique(codes[coarse][few].astype(str)))


def shown(size):
    ids = codes[size]
    for coarse in sorted(joined):
        ids = np.where(joined[coarse], codes[coarse], ids) if coarse > size else ids
    return ids


levels = {level_name(size): shown(size) for size in sizes}
for text in given.area:
    name, rest = text.split("=", 1)
    file, key = rest.split(":")[:2]
    areas = geopandas.read_file(file).to_crs("EPSG:4326").dissolve(by=key)
    lon, lat = pyproj.Transformer.from_crs(given.crs, "EPSG:4326", always_xy=True).transform(frame.x.to_numpy(), frame.y.to_numpy())
    tree = shapely.STRtree(areas.geometry.to_numpy())
    points, found = tree.query(shapely.points(lon, lat), predicate="within")
    of_point = np.full(len(frame), None, dtype=object)
    of_point[points] = areas.index.to_numpy()[found]
    levels[name] = of_point
for name, ids in levels.items():
    frame[f"level_{name}"] = ids

release = db.execute("SELECT * FROM read_parquet(?)", [f"{given.bundle}/release.parquet"]).df()
problems = []
report = {"records": len(frame), "near_edge": int(near_edge.sum()), "numbers": len(release), "levels": {}}
tables = sorted(release["table"].unique())
db.register("frame", frame)

truth = {}
for level, table in itertools.product(levels, tables):
    names = [] if table == "total" else table.split(",")
    label = " || '|' || ".join(f'"{name}"' for name in names) or "''"
    rows = db.execute(f"""SELECT "level_{level}" AS id, {label} AS "group", count(*) AS n FROM frame
                          WHERE "level_{level}" IS NOT NULL GROUP BY ALL""").fetchall()
    truth.update({(level, id, table, group): n for id, group, n in rows})

published = small = wrong = withheld_small = 0
for level, id, table, group, value, status in release[["level", "id", "table", "group", "value", "status"]].itertuples(index=False):
    n = truth.get((level, id, table, group), 0)
    if status in ("value", "zero"):
        published += 1
        wrong += int(value) != n or (status == "zero") != (n == 0)
        small += 0 < int(value) < given.threshold
    else:
        withheld_small += 0 < n < given.threshold
listed = set(zip(release["level"], release["id"]))
unlisted = sum(1 for key in truth if (key[0], key[1]) not in listed)
report |= {"published": published, "wrong": wrong, "published_small": small, "withheld_small": withheld_small, "unlisted": unlisted}

# The attack: one column an atom, one row a number.
finest = [f'"level_{level}"' for level in levels] + [f'"{name}"' for name in dimensions]
atoms = db.execute(f"SELECT {', '.join(finest)} FROM frame GROUP BY ALL").df()
if given.empty_unknown:
    places, groups = (", ".join(names) for names in (finest[: len(levels)], finest[len(levels) :]))
    both = f"(SELECT DISTINCT {places} FROM frame) CROSS JOIN (SELECT DISTINCT {groups} FROM frame)"
    atoms = db.execute(f"SELECT {', '.join(finest)} FROM {both}").df()
atom_of = {}
for at, atom in enumerate(atoms.itertuples(index=False)):
    place, groups = atom[: len(levels)], dict(zip(dimensions, atom[len(levels) :]))
    for (level, id), table in itertools.product(zip(levels, place), tables):
        if id is not None:
            group = "" if table == "total" else "|".join(groups[name] for name in table.split(","))
            atom_of.setdefault((level, id, table, group), []).append(at)
known, targets = [], []
if given.empty_unknown:
    zeros = release[release["status"] == "zero"]
    zeros = zeros[["level", "id", "table", "group"]].itertuples(index=False, name=None)
    empty = {at for key in zeros for at in atom_of.get(key, [])}
    atom_of = {key: [at for at in members if at not in empty] for key, members in atom_of.items()}
for level, id, table, group, value, status in release[["level", "id", "table", "group", "value", "status"]].itertuples(index=False):
    members = atom_of.get((level, id, table, group))
    if members is None:
        continue
    if status in ("value", "zero"):
        known.append(members)
    elif 0 < truth.get((level, id, table, group), 0) < given.threshold:
        targets.append(members)


def matrix(rows):
    row = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    return coo_matrix((np.ones(len(row)), (row, np.concatenate(rows) if rows else [])), shape=(len(rows), len(atoms))).tocsr()


computed = 0
if targets:
    sums = matrix(known)
    weight = 1 / np.sqrt(np.maximum(np.asarray(sums.sum(axis=1)).ravel(), 1))
    sums = sums.multiply(weight[:, None]).tocsr()
    wanted = matrix(targets)
    unmoved = np.ones(len(targets), dtype=bool)
    # Among a quarter of a million targets a single direction leaves one nearly where it is by chance; a second one then tells.
    for seed in (1, 2):
        random = np.random.default_rng(seed).standard_normal(len(atoms))
        solution = lsmr(sums, sums @ random, atol=1e-13, btol=1e-13, conlim=0, maxiter=20000)
        null = random - solution[0]
        moved = np.abs(wanted @ null)
        report |= {"residual": float(np.abs(sums @ null).max()), "least_moved": float(moved.min()), "iterations": int(solution[2])}
        unmoved &= moved < 1e-6
        if not unmoved.any():
            break
    computed = int(unmoved.sum())
report["computed"] = computed
print(json.dumps(report))
tolerated = report["near_edge"] * len(tables) * len(levels) * 2
sys.exit(1 if wrong > tolerated or small or computed or unlisted > tolerated else 0)
