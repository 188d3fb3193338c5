"""Makes tests/oracles/geodesy_control_points.csv: control points by PROJ.

pip install pyproj; python geodesy_control_points.py > geodesy_control_points.csv

Systems are given to PROJ as the PROJ strings of crs-definitions, with the seven parameters written out in place of a datum's name, so that the
same datum shift is judged (PROJ's own choice for EPSG:3146x would be a grid). Columns: from, to, x, y in the source, x, y in the target; degrees as longitude, latitude.
"""
import sys

import pyproj

GRS80 = "+ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +no_defs +type=crs"
DEFINITIONS = {
    "3035": f"+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 {GRS80}",
    "25831": f"+proj=utm +zone=31 {GRS80}",
    "25832": f"+proj=utm +zone=32 {GRS80}",
    "25833": f"+proj=utm +zone=33 {GRS80}",
    "32631": "+proj=utm +zone=31 +datum=WGS84 +type=crs",
    "32632": "+proj=utm +zone=32 +datum=WGS84 +type=crs",
    "32633": "+proj=utm +zone=33 +datum=WGS84 +type=crs",
    "4647": f"+proj=tmerc +lat_0=0 +lon_0=9 +k=0.9996 +x_0=32500000 +y_0=0 {GRS80}",
    "5650": f"+proj=tmerc +lat_0=0 +lon_0=15 +k=0.9996 +x_0=33500000 +y_0=0 {GRS80}",
    "3857": "+proj=webmerc +datum=WGS84 +type=crs",
    "4258": "+proj=longlat +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +no_defs +type=crs",
    "4326": "+proj=longlat +datum=WGS84 +no_defs +type=crs",
    **{
        str(31464 + zone): f"+proj=tmerc +lat_0=0 +lon_0={3 * zone} +k=1 +x_0={zone}500000 +y_0=0 +ellps=bessel +towgs84=598.1,73.7,418.2,0.202,0.045,-2.455,6.7 +units=m +type=crs"
        for zone in range(2, 6)
    },
    "+proj=lcc +lat_0=36.6666666666667 +lon_0=-98.5 +lat_1=38.5666666666667 +lat_2=37.2666666666667 +x_0=400000 +y_0=400000 +ellps=GRS80": None,
    "3034": f"+proj=lcc +lat_1=35 +lat_2=65 +lat_0=52 +lon_0=10 +x_0=4000000 +y_0=2800000 {GRS80}",
    "27700": "+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy +towgs84=446.448,-125.157,542.06,0.1502,0.2470,0.8421,-20.4894 +units=m +type=crs",
    "2154": f"+proj=lcc +lat_1=49 +lat_2=44 +lat_0=46.5 +lon_0=3 +x_0=700000 +y_0=6600000 {GRS80}",
    "31300": "+proj=lcc +lat_1=49.83333333333334 +lat_2=51.16666666666666 +lat_0=90 +lon_0=4.356939722222222 +x_0=150000.01256 "
    "+y_0=5400088.4378 +ellps=intl +towgs84=-106.8686,52.2978,-103.7239,0.3366,-0.457,1.8422,-1.2747 +units=m +type=crs",
}
GERMANY = [(6.1, 50.7), (8.3, 54.9), (9.0, 53.6), (10.0, 52.0), (12.1, 47.6), (13.4, 52.5), (14.98, 51.1), (7.6, 47.6)]
EUROPE = [(-3.7, 40.4), (2.35, 48.86), (18.07, 59.33), (12.5, 41.9)]
KANSAS = [(-97.3, 37.7), (-100.4, 38.9), (-94.7, 37.1)]
TARGETS = ["3035", "4326", "25832", "3857"]

print(f"# PROJ {pyproj.proj_version_str}, pyproj {pyproj.__version__}")
lonlat = DEFINITIONS["4326"]
for name, definition in DEFINITIONS.items():
    definition = definition or name + " +type=crs"
    american = "lon_0=-98" in name
    points = KANSAS if american else GERMANY + ([] if name[:4] == "3146" or name in ("27700", "31300") else EUROPE)
    there = pyproj.Transformer.from_crs(lonlat, definition, always_xy=True)
    for lon, lat in points:
        x, y = there.transform(lon, lat)
        digits = 9 if name in ("4258", "4326") else 4
        x, y = round(x, digits), round(y, digits)
        for target in TARGETS:
            if american and target == "25832":
                continue
            onward = pyproj.Transformer.from_crs(definition, DEFINITIONS[target], always_xy=True)
            tx, ty = onward.transform(x, y)
            back = pyproj.Transformer.from_crs(DEFINITIONS[target], definition, always_xy=True)
            print(f"{name};{target};{x!r};{y!r};{tx:.12g};{ty:.12g}".replace("np.float64", ""))
            if name != target:
                bx, by = back.transform(tx := float(f"{tx:.12g}"), ty := float(f"{ty:.12g}"))
                print(f"{target};{name};{tx!r};{ty!r};{bx:.12g};{by:.12g}")
