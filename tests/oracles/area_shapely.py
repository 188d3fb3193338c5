"""Assigns 20 000 random points to areas with shapely and PROJ, in the plane of the source (degrees).

Usage: area_shapely.py BOUNDARIES.geojson KEY POINTS.csv
Writes easting_m,northing_m,key (EPSG:3035; empty key outside). Points nearer than 1 cm to a border are left out.
"""

import json
import sys

import numpy as np
import pyproj
import shapely

boundaries, key, output = sys.argv[1:]
features = json.load(open(boundaries, encoding="utf-8"))["features"]
keys = np.array([f["properties"][key] for f in features], dtype=object)
areas = np.array([shapely.from_geojson(json.dumps(f["geometry"])) for f in features])

to_grid = pyproj.Transformer.from_crs(4326, 3035, always_xy=True)
west, south, east, north = shapely.total_bounds(areas)
# Helgoland stretches the extent: half of the points lie over the mainland.
random = np.random.default_rng(20191231)
half = 10_000
lon = np.concatenate([random.uniform(west, east, half), random.uniform(9.3, east, half)])
lat = np.concatenate([random.uniform(south, north, half), random.uniform(south, 53.95, half)])
points = shapely.points(lon, lat)

tree = shapely.STRtree(areas)
found = np.full(len(points), "", dtype=object)
which, inside = tree.query(points, predicate="within")
found[which] = keys[inside]

# 1 cm is at least 0.9e-7 degrees in any direction; 1.6e-7 of longitude at this latitude.
edges = shapely.STRtree(shapely.boundary(areas))
near = np.unique(edges.query(points, predicate="dwithin", distance=1.6e-7)[0])
keep = np.setdiff1d(np.arange(len(points)), near)

eastings, northings = to_grid.transform(lon[keep], lat[keep])
with open(output, "w", encoding="utf-8") as out:
    out.write("easting_m,northing_m,key\n")
    for e, n, k in zip(eastings, northings, found[keep]):
        out.write(f"{e!r},{n!r},{k}\n".replace("np.float64(", "").replace(")", ""))
