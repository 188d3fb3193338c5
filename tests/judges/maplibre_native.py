"""A bundle's tiles in MapLibre Native (pymgl), all cells in one colour: where edges are drawn hard, a seam would be a third colour.

Use: maplibre_native.py BUNDLE LON LAT    with tiles.mbtiles in the bundle and a view full of cells. Needs pymgl and Pillow (PyPI) and libegl1, libgles2
(Debian). Prints JSON; exit status 1 if anything else than the two colours is seen.
"""

import io
import json
import os
import sys

os.environ.setdefault("EGL_PLATFORM", "surfaceless")
os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
import pymgl  # noqa: E402
from PIL import Image  # noqa: E402

bundle = os.path.abspath(sys.argv[1])
lon, lat = float(sys.argv[2]), float(sys.argv[3])
with open(os.path.join(bundle, "style.json"), encoding="utf-8") as text:
    style = json.load(text)
style["sources"] = {"kleinraum": {"type": "vector", "url": f"mbtiles://{bundle}/tiles.mbtiles"}}
style["layers"] = [l for l in style["layers"] if l["type"] in ("background", "fill") and not l["id"].endswith("_uncertain")]
told, failures = {}, []
for zoom in (11, 12, 12.4, 13, 13.73, 14):
    for opacity in (1, 0.5):
        for layer in style["layers"]:
            if layer["type"] == "fill":
                layer["paint"].update({"fill-color": "#d00000", "fill-opacity": opacity})
            else:
                layer["paint"]["background-color"] = "#ffffff"
        shown = pymgl.Map(json.dumps(style), 600, 600, 1.0, lon, lat, zoom)
        shown.load()
        picture = Image.open(io.BytesIO(shown.renderPNG())).convert("RGB")
        colours = {c: n for n, c in picture.getcolors(1 << 20)}
        told[f"{zoom} at {opacity}"] = colours.get((255, 255, 255), 0)
        if len(colours) != 2 or (255, 255, 255) not in colours:
            failures.append(f"zoom {zoom}, opacity {opacity}: {len(colours)} colours")
print(json.dumps({"ok": not failures, "ground": told, "failures": failures}, indent=1))
sys.exit(1 if failures else 0)
