"""Computes the cells of a register's own houses with PROJ and compares them with a table of placed records.

usage: georeference_python.py REGISTER.csv PLACED.parquet SIZE

The register has the columns objectid, e_4647 and n_4647, the table objectid and cell. Prints how many cells were compared and how near the nearest coordinate
is to an edge. Exit status 1 if a cell differs though PROJ's coordinate is more than a millimetre from every edge, or if more than 5 % have none (rows
without a number are streets, no houses).
"""

import sys

import duckdb
import numpy as np
import pyproj

register, placed, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
rows = duckdb.sql(
    f"select r.e_4647, r.n_4647, p.cell from read_csv('{register}') r join '{placed}' p on r.objectid::varchar = p.objectid"
).fetchnumpy()
to_grid = pyproj.Transformer.from_crs("EPSG:4647", "EPSG:3035", always_xy=True)
east, north = to_grid.transform(rows["e_4647"], rows["n_4647"])
total = missing = wrong = 0
nearest = size
for e, n, cell in zip(east, north, rows["cell"]):
    total += 1
    if cell is None or cell is np.ma.masked:
        missing += 1
        continue
    expected = f"CRS3035RES{size}mN{int(n // size) * size}E{int(e // size) * size}"
    inside = min(e % size, size - e % size, n % size, size - n % size)
    nearest = min(nearest, inside)
    if cell != expected and inside > 0.001:
        wrong += 1
print(f"{total} houses, {missing} without a cell, {wrong} in another cell; nearest to an edge: {nearest * 1000:.2f} mm")
sys.exit(1 if wrong or total == 0 or missing > total / 20 else 0)
