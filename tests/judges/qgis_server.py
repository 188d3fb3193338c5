"""A running server in real QGIS (3.22 or later, PyQGIS): what a person sees who enters its address in QGIS's own dialogs.

Use: qgis_server.py ADDRESS [OUT]    with a Python that has the module `qgis` (Debian: apt-get install python3-qgis qgis-providers).
It loads every collection by the provider of OGC API – Features (`OAPIF`), pages through it, compares numbers and statuses with what the server tells as columns,
asks for a window, and loads the tiles as vector tiles with the server's style. Both are drawn to PNGs in OUT. Prints JSON; exit status 1 if anything is wrong.
"""

import json
import os
import sys
import tempfile
import urllib.request

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PyQt5.QtCore import QSize  # noqa: E402
from PyQt5.QtGui import QColor, QImage  # noqa: E402
from qgis.core import (  # noqa: E402
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsVectorLayer,
    QgsVectorTileLayer,
)

address = sys.argv[1].rstrip("/")
out = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else tempfile.mkdtemp()
os.makedirs(out, exist_ok=True)
application = QgsApplication([], False)
application.initQgis()
failures, told = [], {"qgis": Qgis.QGIS_VERSION, "collections": {}}


def check(sound, problem):
    if not sound:
        failures.append(problem)
    return bool(sound)


def get(path):
    with urllib.request.urlopen(f"{address}/{path}") as response:
        return json.load(response)


def draw(name, layer, extent):
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setBackgroundColor(QColor("#ffffff"))
    settings.setOutputSize(QSize(800, 800))
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setExtent(extent)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    check(not job.errors(), f"{name}: {[e.message for e in job.errors()]}")
    image = job.renderedImage().convertToFormat(QImage.Format_RGB32)
    image.save(os.path.join(out, name + ".png"))
    drawn = sum(image.pixelColor(x, y) != QColor("#ffffff") for x in range(0, 800, 8) for y in range(0, 800, 8))
    check(drawn > 100, f"{name}: the picture is empty")
    return drawn


bundle = get("bundles.json")[0]["name"]
about = get(f"b/{bundle}/about.json")
extent = None
for layer in about["layers"]:
    name = f"{bundle}:{layer['name']}"
    uri = f"pagingEnabled='true' pageSize='1000' restrictToRequestBBOX='1' typename='{name}' url='{address}/ogc' version='OGC_API_FEATURES'"
    features = QgsVectorLayer(uri, name, "OAPIF")
    if not check(features.isValid(), f"{name}: {features.error().message()}"):
        continue
    columns = get(f"b/{bundle}/level/{layer['name']}.json")
    numbers = dict(zip(columns["ids"], columns["numbers"][0]))
    total = about["columns"][0]
    seen = {}
    for feature in features.getFeatures():
        number, status = feature[total["field"]], feature[total["status"]]
        seen[feature["id"]] = None if status == "suppressed" else int(number)
    check(seen == numbers, f"{name}: {len(seen)} of {len(numbers)} places, or other numbers")
    check(features.crs().authid() in ("OGC:CRS84", "EPSG:4326"), f"{name}: {features.crs().authid()}")
    # A window gives what lies in it, not everything.
    window = next(features.getFeatures()).geometry().boundingBox()
    inside = sum(1 for _ in features.getFeatures(QgsFeatureRequest().setFilterRect(window)))
    check(0 < inside < len(numbers), f"{name}: a window gives {inside} of {len(numbers)}")
    told["collections"][name] = {"features": len(seen), "in_a_window": inside}
    if extent is None or layer["size_m"] is None:
        transform = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4326"), QgsCoordinateReferenceSystem("EPSG:3857"), QgsProject.instance())
        extent = transform.transformBoundingBox(features.extent())
        told["drawn_features"] = draw(f"features_{layer['name']}", features, extent)

tilejson = get(f"b/{bundle}/tiles.json")
uri = f"type=xyz&url={tilejson['tiles'][0]}&zmin={tilejson['minzoom']}&zmax={tilejson['maxzoom']}"
tiles = QgsVectorTileLayer(uri, "tiles")
if check(tiles.isValid(), "vector tiles cannot be opened"):
    told["drawn_tiles"] = draw("tiles", tiles, extent)
styled = QgsVectorTileLayer(f"styleUrl={address}/b/{bundle}/style.json&{uri}", "styled")
loaded, problem = styled.loadDefaultStyle() if styled.isValid() else ("cannot be opened", False)
# Whichever of the two is the message: QGIS has changed their order.
check(True in (loaded, problem), f"the style: {loaded} {problem}")
told["drawn_style"] = draw("styled", styled, extent)
print(json.dumps({"wrong": failures, **told}))
sys.stdout.flush()
# QGIS's own clean-up crashes now and then after everything is said.
os._exit(1 if failures else 0)
