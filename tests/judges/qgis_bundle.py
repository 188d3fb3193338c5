"""A bundle in real QGIS (3.22 or later, PyQGIS): what a person sees who drags the files in.

Use: qgis_bundle.py BUNDLE [OUT]    with a Python that has the module `qgis` (Debian: apt-get install python3-qgis qgis-providers).
It loads every layer of the GeoPackage (a copy without write permission), asks whether style, aliases and metadata came along, opens the stored project,
and loads MBTiles and the tile folder as vector tiles with the bundle's style. Each is drawn to a PNG in OUT; every pixel in the middle of a cell must have the
colour that legend.json gives its published number. Prints JSON; exit status 1 if anything is wrong.
"""

import json
import os
import shutil
import sys
import tempfile

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PyQt5.QtCore import QSize  # noqa: E402
from PyQt5.QtGui import QColor, QImage  # noqa: E402
from qgis.core import (  # noqa: E402
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapBoxGlStyleConverter,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)

bundle = os.path.abspath(sys.argv[1])
out = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else tempfile.mkdtemp()
os.makedirs(out, exist_ok=True)
application = QgsApplication([], False)
application.initQgis()
failures, told = [], {"qgis": Qgis.QGIS_VERSION, "pictures": {}}
legend = json.load(open(os.path.join(bundle, "legend.json"), encoding="utf-8"))
run = json.load(open(os.path.join(bundle, "run.json"), encoding="utf-8"))
WIDTH, HEIGHT = 1000, 800


def check(sound, problem):
    if not sound:
        failures.append(problem)
    return bool(sound)


def draw(name, layers, extent, crs):
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setBackgroundColor(QColor("#f8f8f6"))
    settings.setOutputSize(QSize(WIDTH, HEIGHT))
    settings.setOutputDpi(96)
    settings.setDestinationCrs(crs)
    settings.setExtent(extent)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    check(not job.errors(), f"{name}: {[e.message for e in job.errors()]}")
    image = job.renderedImage().convertToFormat(QImage.Format_RGB32)
    image.save(os.path.join(out, name + ".png"))
    return image, settings.mapToPixel()


def colour_of(level, field, number, status, size_m):
    """What legend.json gives a published number; None where hatching or a veil makes it no single colour."""
    if status == "zero":
        return legend["statuses"]["zero"]["color"]
    if status != "value":
        return None
    theme = next(l for l in legend["levels"] if l["level"] == level)["fields"][field]
    if theme["per_square_of_m"]:
        number *= (theme["per_square_of_m"] // size_m) ** 2
    classes = [c for c in theme["classes"] if c["from"] <= number] or theme["classes"][:1]
    return classes[-1]["color"]


def judge_colours(name, picture, layer, level, to_map, at_least=0):
    """Middles of units: the colour of the number's class; withheld is told from no data and from every class."""
    image, to_pixel = picture
    field = legend["field"]
    counts, wrong, withheld = {}, 0, set()
    flat = {c["color"] for l in legend["levels"] for c in l["fields"][field]["classes"]} | {legend["statuses"]["zero"]["color"], "#f8f8f6"}
    for feature in layer.getFeatures():
        geometry = feature.geometry()
        box = geometry.boundingBox()
        if geometry.isMultipart():
            continue
        if to_map:
            geometry.transform(to_map)
            box = geometry.boundingBox()
        pixel = to_pixel.transform(geometry.centroid().asPoint())
        x, y = int(pixel.x()), int(pixel.y())
        if not (2 <= x < WIDTH - 2 and 2 <= y < HEIGHT - 2) or box.width() / to_pixel.mapUnitsPerPixel() < 5:
            continue
        size_m = feature["size_m"] if feature.fieldNameIndex("size_m") >= 0 else None
        number, status = feature[field], feature[field + "_status"]
        expected = colour_of(level, field, number, status, size_m)
        found = image.pixelColor(x, y).name()
        counts[status] = counts.get(status, 0) + 1
        if status == "suppressed":
            near = [image.pixelColor(x + dx, y + dy).name() for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
            withheld.update(near)
            wrong += bool(flat & set(near) - {"#f8f8f6"}) and box.width() / to_pixel.mapUnitsPerPixel() > 8
        elif expected is not None and found != expected:
            wrong += 1
            if wrong < 4:
                failures.append(f"{name}: {feature['id']} is {found}, its number wants {expected}")
    check(wrong == 0, f"{name}: {wrong} of {sum(counts.values())} units have another colour")
    check(sum(counts.values()) >= at_least, f"{name}: only {sum(counts.values())} units are large enough to be judged")
    if counts.get("suppressed"):
        check(len(withheld) > 1, f"{name}: withheld is not hatched")
    told["pictures"][name] = counts


def frame(extent, around):
    """A window of so many metres in the middle of an extent."""
    centre = extent.center()
    half = around / 2
    return QgsRectangle(centre.x() - half, centre.y() - half * HEIGHT / WIDTH, centre.x() + half, centre.y() + half * HEIGHT / WIDTH)


def densest(layer, size):
    """The middle of the unit with the largest number: there is something to see around it."""
    field = legend["field"]
    best = max((f for f in layer.getFeatures() if f[field] not in (None,) and str(f[field]) != "NULL"), key=lambda f: f[field], default=None)
    if best is None:
        return layer.extent()
    centre = best.geometry().centroid().asPoint()
    return QgsRectangle(centre.x() - size, centre.y() - size, centre.x() + size, centre.y() + size)


def metres(level):
    return int(level[:-2]) * 1000 if level.endswith("km") else int(level[:-1])


# The file as it lies on a share where nobody may write.
source = next(f for f in os.listdir(bundle) if f.endswith(".gpkg"))
folder = tempfile.mkdtemp()
package = os.path.join(folder, source)
shutil.copy(os.path.join(bundle, source), package)
os.chmod(package, 0o444)
os.chmod(folder, 0o555)
by_name = {}
for described in run["layers"]:
    name = described["name"]
    layer = QgsVectorLayer(f"{package}|layername={name}", name, "ogr")
    if not check(layer.isValid(), f"{name}: does not load"):
        continue
    by_name[name] = layer
    check(layer.featureCount() == described["units"], f"{name}: {layer.featureCount()} features instead of {described['units']}")
    check(layer.renderer().type() == "RuleRenderer", f"{name}: the style did not come along ({layer.renderer().type()})")
    aliases = [f.alias() for f in layer.fields() if f.name() != "fid"]
    check(all(aliases), f"{name}: {aliases.count('')} attributes have no alias")
    count, ids, names, _, _ = layer.listStylesInDatabase()
    check(count >= 1, f"{name}: no style in the database")
    is_grid = described["level"][0].isdigit()
    if is_grid:
        size = metres(described["level"])
        window = frame(densest(layer, size), size * 60)
        picture = draw(f"gpkg_{name}", [layer], window, layer.crs())
        judge_colours(f"gpkg_{name}", picture, layer, described["level"], None, at_least=1)
    else:
        draw(f"gpkg_{name}", [layer], layer.extent(), layer.crs())
        check(layer.labelsEnabled(), f"{name}: no names on the map")
    # Every further style loads too.
    for style in ids[1:4]:
        text, error = layer.getStyleFromDatabase(style)[:2]
        check(text and not error, f"{name}: style {style}: {error}")

project = QgsProject.instance()
stored = project.projectStorage() if hasattr(project, "projectStorage") else None
uri = f"geopackage:{package}?projectName={legend['title']}"
if check(project.read(uri), f"the project does not open: {project.error()}"):
    check(project.crs().authid() == next(iter(by_name.values())).crs().authid(), f"the project is in {project.crs().authid()!r}")
    check(project.title() == legend["title"], f"the project's title is {project.title()!r}")
    bad = [l.name() for l in project.mapLayers().values() if not l.isValid()]
    check(not bad, f"the project does not find {bad}")
    groups = [g.name() for g in project.layerTreeRoot().findGroups()]
    told["groups"] = groups
    check(len(groups) >= 1, "the project has no groups")
    told["tree"] = [f"{n.name()} {'on' if n.isVisible() else 'off'}" for n in project.layerTreeRoot().findLayers()]
    scaled = [l for l in project.mapLayers().values() if l.hasScaleBasedVisibility()]
    check(scaled, "no layer of the project depends on the scale")
    order = [l for l in project.layerTreeRoot().layerOrder() if project.layerTreeRoot().findLayer(l.id()).isVisible()]
    extent = QgsRectangle()
    for layer in order:
        extent.combineExtentWith(layer.extent())
    extent.scale(1.05)
    centre = QgsRectangle(densest(next(iter(by_name.values())), 100))
    for zoom, around in (("far", extent.width()), ("near", extent.width() / 4), ("close", extent.width() / 24)):
        image, _ = draw(f"project_{zoom}", order, frame(centre if zoom != "far" else extent, around), project.crs())
        pixels = {image.pixelColor(x, y).name() for x in range(0, WIDTH, 3) for y in range(0, HEIGHT, 3)}
        classes = {c["color"] for l in legend["levels"] for c in l["fields"][legend["field"]]["classes"]}
        check(len(pixels & classes) >= 3, f"project_{zoom}: {len(pixels & classes)} class colours are in the picture")

# Vector tiles in Web Mercator, with the style of the bundle.
mercator = QgsCoordinateReferenceSystem("EPSG:3857")
style = json.load(open(os.path.join(bundle, "style.json"), encoding="utf-8"))
tile_sources = {"mbtiles": f"type=mbtiles&url={bundle}/tiles.mbtiles", "folder": f"type=xyz&url=file://{bundle}/tiles/{{z}}/{{x}}/{{y}}.pbf&zmin=0&zmax=14"}
for kind, uri in tile_sources.items():
    if not os.path.exists(os.path.join(bundle, "tiles.mbtiles" if kind == "mbtiles" else "tiles")):
        continue
    tiles = QgsVectorTileLayer(uri, kind)
    if not check(tiles.isValid(), f"{kind}: does not load"):
        continue
    converter = QgsMapBoxGlStyleConverter()
    result = converter.convert(style)
    check(result == QgsMapBoxGlStyleConverter.Success, f"{kind}: the style does not convert: {converter.errorMessage()}")
    # Which fonts there are is the machine's affair; QGIS takes another.
    warnings = sorted({w for w in converter.warnings() if "Referenced font" not in w})
    check(not warnings, f"{kind}: QGIS skips {warnings[:3]}")
    tiles.setRenderer(converter.renderer())
    tiles.setLabeling(converter.labeling())
    finest = next(d for d in run["layers"] if d["level"][0].isdigit() and d["maxzoom"] == 14 and d["date"] == run["layers"][-1]["date"])
    layer = by_name[finest["name"]]
    to_map = QgsCoordinateTransform(layer.crs(), mercator, project)
    size = metres(finest["level"])
    # A scale at which QGIS takes tiles of zoom 13: a pixel is 78271.5 m / 2^13 at 96 dots an inch.
    window = frame(to_map.transformBoundingBox(densest(layer, size)), WIDTH * 156543.033928 / 2**14)
    picture = draw(f"tiles_{kind}", [tiles], window, mercator)
    field_counts = told["pictures"]
    image, to_pixel = picture
    colours = {}
    for x in range(0, WIDTH, 2):
        for y in range(0, HEIGHT, 2):
            colour = image.pixelColor(x, y).name()
            colours[colour] = colours.get(colour, 0) + 1
    classes = {c["color"] for c in next(l for l in legend["levels"] if l["level"] == finest["level"])["fields"][legend["field"]]["classes"]}
    check(len(classes & set(colours)) >= min(3, len(classes)), f"{kind}: only {len(classes & set(colours))} of {len(classes)} class colours are in the picture")
    told[f"{kind}_colours"] = dict(sorted(colours.items(), key=lambda c: -c[1])[:8])

print(json.dumps({"ok": not failures, **told, "failures": failures[:40]}, ensure_ascii=False, indent=1))
sys.stdout.flush()
os.chmod(folder, 0o755)
os._exit(1 if failures else 0)
