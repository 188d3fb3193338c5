"""Makes tests/oracles/datum_grid_control_points.csv: control points by PROJ through BETA2007.

pip install pyproj; python datum_grid_control_points.py /usr/share/proj/BETA2007.gsb > datum_grid_control_points.csv

The grid is not in this repository: Debian has it in proj-data, the BKG offers it for download. Columns: from, to, x, y in the source, x, y in the target.
"""
import sys

import pyproj

GRID = sys.argv[1]
PLACES = [(6.1, 50.7), (8.3, 54.9), (9.0, 53.6), (10.0, 52.0), (12.1, 47.6), (13.4, 52.5), (14.98, 51.1), (7.6, 47.6), (9.6666667, 53.7), (11.25, 50.05)]

print(f"# PROJ {pyproj.proj_version_str}, BETA2007.gsb")
for zone in range(2, 6):
    gauss = f"+proj=tmerc +lat_0=0 +lon_0={3 * zone} +k=1 +x_0={zone}500000 +y_0=0 +ellps=bessel"
    laea = "+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80"
    there = pyproj.Transformer.from_pipeline(f"+proj=pipeline +step +inv {gauss} +step +proj=hgridshift +grids={GRID} +step {laea}")
    back = pyproj.Transformer.from_pipeline(f"+proj=pipeline +step +inv {laea} +step +inv +proj=hgridshift +grids={GRID} +step {gauss}")
    start = pyproj.Transformer.from_pipeline(f"+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step {gauss}")
    for lon, lat in PLACES:
        x, y = start.transform(lon, lat)
        e, n = there.transform(x, y)
        print(f"{31464 + zone};3035;{x:.6f};{y:.6f};{e:.6f};{n:.6f}")
        x, y = back.transform(e, n)
        print(f"3035;{31464 + zone};{e:.6f};{n:.6f};{x:.6f};{y:.6f}")
