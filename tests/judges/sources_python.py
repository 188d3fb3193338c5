"""Writes the persons of a CSV file as other programs do: with GDAL, in formats of geographic information systems.

usage: sources_python.py PERSONS.csv

Makes persons.shp, cp1252.shp, squares.shp, multipoints.shp, persons.fgb, squares.fgb and Fachdaten.gdb (layer personen) beside it, in EPSG:25832 but for cp1252.shp,
which has no .prj. Squares are centred on the points.
"""

import struct
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyogrio

source = Path(sys.argv[1])
folder = source.parent
types = {"id": pa.int32(), "x": pa.float64(), "y": pa.float64(), "benefit": pa.int32(), "aktiv": pa.bool_(), "tag": pa.date32(), "größe": pa.float64()}
options = pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True)
persons = pa.csv.read_csv(source, convert_options=options)
xs, ys = persons["x"].to_pylist(), persons["y"].to_pylist()
attributes = persons.drop_columns(["x", "y"])


def point(x, y):
    return struct.pack("<BIdd", 1, 1, x, y)


def square(x, y):
    corners = [(x - 8, y - 8), (x - 8, y + 8), (x + 8, y + 8), (x + 8, y - 8), (x - 8, y - 8)]
    return struct.pack("<BIII", 1, 3, 1, 5) + b"".join(struct.pack("<dd", *corner) for corner in corners)


def multipoint(x, y):
    return struct.pack("<BII", 1, 4, 1) + point(x, y)


def write(name, shape, kind, driver, crs="EPSG:25832", table=attributes, **options):
    shapes = [None if x is None else shape(x, y) for x, y in zip(xs, ys)]
    pyogrio.write_arrow(
        table.append_column("geom", pa.array(shapes, pa.binary())), folder / name, driver=driver, geometry_name="geom", geometry_type=kind, crs=crs, **options
    )


write("persons.shp", point, "Point", "ESRI Shapefile", encoding="UTF-8")
write("cp1252.shp", point, "Point", "ESRI Shapefile", crs=None, encoding="CP1252")
for ending in ["prj", "cpg"]:
    (folder / f"cp1252.{ending}").unlink(missing_ok=True)
write("squares.shp", square, "Polygon", "ESRI Shapefile")
write("multipoints.shp", multipoint, "MultiPoint", "ESRI Shapefile")
write("persons.fgb", point, "Point", "FlatGeobuf", SPATIAL_INDEX="NO")
write("squares.fgb", square, "Polygon", "FlatGeobuf", SPATIAL_INDEX="NO")
write("Fachdaten.gdb", point, "Point", "OpenFileGDB", layer="personen")
