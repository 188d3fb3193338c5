"""Writes the reference work: persons in 3 000 gaussian towns and 3 % scattered, over 100 x 100 km in EPSG:25832. Seeded.

usage: reference.py PERSONS FOLDER [--laea] [--no-csv] [--areas]
writes persons_<PERSONS>.parquet (zstd, 10 row groups) and persons_<PERSONS>.csv; with --laea persons_<PERSONS>_3035.parquet too, whose x and
y are those of EPSG:3035 (by PROJ); with --areas areas.gpkg, about 470 areas that cover all of it and follow no grid. Columns: id, x, y (0.01 m), age, sex, benefit (5), nationality (4), household.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

persons, folder = int(sys.argv[1].replace("_", "")), Path(sys.argv[2])
laea, with_csv = "--laea" in sys.argv[3:], "--no-csv" not in sys.argv[3:]
folder.mkdir(parents=True, exist_ok=True)
random = np.random.default_rng(2024)
towns = 3_000
centre = random.uniform(0, 100_000, (towns, 2))
weight = random.pareto(1.5, towns) + 0.3
spread_m = 153 * np.sqrt(weight)
share = weight / weight.sum()
benefits = np.array(["none", "SGB II", "SGB XII", "housing", "asylum"])
nationalities = np.array(["German", "EU", "Europe", "other"])
west, south = 500_000, 5_900_000


def part(first, count):
    """Rows `first` to `first + count`: drawn in parts, so that 100 million rows need the memory of one."""
    town = random.choice(towns, count, p=share)
    position = centre[town] + random.standard_normal((count, 2)) * spread_m[town, None]
    scattered = random.random(count) < 0.03
    position[scattered] = random.uniform(0, 100_000, (int(scattered.sum()), 2))
    position = np.clip(position, 0, 99_999.99)
    return pa.table(
        {
            "id": pa.array(np.arange(first, first + count, dtype=np.uint64)),
            "x": np.round(position[:, 0] + west, 2),
            "y": np.round(position[:, 1] + south, 2),
            "age": pa.array(np.minimum(random.gamma(3.2, 13.5, count), 104).astype(np.int32)),
            "sex": pa.array(np.array(["m", "w"])[random.integers(0, 2, count)]),
            "benefit": pa.array(benefits[random.choice(5, count, p=[0.7, 0.12, 0.06, 0.08, 0.04])]),
            "nationality": pa.array(nationalities[random.choice(4, count, p=[0.86, 0.06, 0.03, 0.05])]),
            "household": pa.array(random.choice(6, count, p=[0.2, 0.33, 0.2, 0.18, 0.06, 0.03]).astype(np.int32) + 1),
        }
    )




def in_laea(table):
    import pyproj

    to_laea = pyproj.Transformer.from_crs("EPSG:25832", "EPSG:3035", always_xy=True)
    axes = to_laea.transform(table["x"].to_numpy(), table["y"].to_numpy())
    for name, values in zip("xy", axes):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(np.round(values, 2)))
    return table


def areas():
    """Voronoi cells of random points, cut off around the persons."""
    import geopandas
    import shapely

    around = shapely.box(west - 500, south - 500, west + 100_500, south + 100_500)
    points = np.random.default_rng(7).uniform(-20_000, 120_000, (800, 2)) + [west, south]
    cells = shapely.voronoi_polygons(shapely.multipoints(points))
    cut = [cell.intersection(around) for cell in cells.geoms if cell.intersects(around)]
    names = {"key": [f"{at:05}" for at in range(len(cut))], "name": [f"area {at}" for at in range(len(cut))]}
    geopandas.GeoDataFrame(names, geometry=cut, crs="EPSG:25832").to_file(folder / "areas.gpkg", layer="areas", driver="GPKG")


if "--areas" in sys.argv[3:]:
    areas()
groups = [persons // 10 + (i < persons % 10) for i in range(10)]
stem = f"{folder}/persons_{persons}"
csv, writers = None, None
first = 0
for count in groups:
    table = part(first, count)
    first += count
    if writers is None:
        if with_csv:
            csv = pa.csv.CSVWriter(f"{stem}.csv", table.schema, write_options=pa.csv.WriteOptions(quoting_style="none"))
        names = ["", "_3035"] if laea else [""]
        writers = {name: pa.parquet.ParquetWriter(f"{stem}{name}.parquet", table.schema, compression="zstd") for name in names}
    if csv:
        csv.write_table(table)
    for name, parquet in writers.items():
        parquet.write_table(in_laea(table) if name else table, row_group_size=count)
for writer in [csv, *writers.values()]:
    if writer:
        writer.close()
