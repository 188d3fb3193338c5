"""Compares kleinraum with DuckDB and Polars on the reference work: pairs in turn, medians, ratios, processor time, peak memory.

usage: peers.py KLEINRAUM PERSONS.csv PERSONS.parquet [--rounds 5] [--formats csv]

The work: persons in EPSG:25832 become counts by cell of 100 m, 1 km and 10 km (EPSG:3035) and by benefit, as one Parquet table.
kleinraum protects with complementary suppression over all sizes and groups at once and writes the formats named beside that table;
the peers only blank counts below 5, which protects nothing that can be subtracted, and write the table alone. All run as whole
processes, on all cores. Needs: pip install duckdb polars
"""

import argparse
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

# GRS 80; UTM zone 32; the grid's plane.
A, F = 6378137.0, 1 / 298.257222101
E2 = F * (2 - F)
E = math.sqrt(E2)
N = F / (2 - F)


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


def duckdb_work(source, target):
    import duckdb

    read = f"read_parquet('{source}')" if source.endswith(".parquet") else f"read_csv('{source}')"
    query = f"SELECT x, y, benefit FROM {read}"
    for name, expression in steps():
        query = f"SELECT *, {expression} AS {name} FROM ({query})"
    sizes = []
    base = f"SELECT CAST(floor(n / 100) AS INT) AS row, CAST(floor(e / 100) AS INT) AS col, benefit, count(*) AS c FROM ({query}) GROUP BY ALL"
    for ratio in (1, 10, 100):
        cells = f"SELECT {100 * ratio} AS size, row // {ratio} AS row, col // {ratio} AS col, benefit, sum(c) AS c FROM base GROUP BY ALL"
        sizes += [cells, f"SELECT size, row, col, NULL, sum(c) FROM ({cells}) GROUP BY ALL"]
    union = " UNION ALL ".join(sizes)
    duckdb.execute(
        f"COPY (WITH base AS MATERIALIZED ({base}) SELECT size, row, col, benefit, CASE WHEN c >= 5 THEN c END AS value FROM ({union}) ORDER BY ALL)"
        f" TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )


def polars_work(source, target):
    import polars as pl

    scan = pl.scan_parquet(source) if source.endswith(".parquet") else pl.scan_csv(source)
    names = {
        "sin": lambda v: v.sin(), "cos": lambda v: v.cos(), "sinh": lambda v: v.sinh(), "cosh": lambda v: v.cosh(),
        "asin": lambda v: v.arcsin(), "atan": lambda v: v.arctan(), "sqrt": lambda v: v.sqrt(), "ln": lambda v: v.log(),
    }  # fmt: skip
    frame = scan.select("x", "y", "benefit")
    for name, expression in steps():
        columns = {column: pl.col(column) for column in ("x", "y", *(step for step, _ in steps()))}
        frame = frame.with_columns(eval(expression, {"__builtins__": {}}, names | columns).alias(name))
    index = [(pl.col(axis) / 100).floor().cast(pl.Int32).alias(place) for axis, place in (("n", "row"), ("e", "col"))]
    base = frame.select(*index, "benefit").group_by("row", "col", "benefit").agg(pl.len().cast(pl.Int64).alias("c"))
    base = base.collect(engine="streaming").lazy()
    sizes = []
    for ratio in (1, 10, 100):
        place = [pl.col("row") // ratio, pl.col("col") // ratio]
        cells = base.group_by(*place, "benefit").agg(pl.col("c").sum())
        total = base.group_by(*place).agg(pl.col("c").sum()).with_columns(pl.lit(None, pl.String).alias("benefit"))
        sizes += [part.select(pl.lit(100 * ratio).alias("size"), "row", "col", "benefit", "c") for part in (cells, total)]
    value = pl.when(pl.col("c") >= 5).then(pl.col("c")).alias("value")
    table = pl.concat(sizes).select("size", "row", "col", "benefit", value).sort("size", "row", "col", "benefit")
    table.collect(engine="streaming").write_parquet(target, compression="zstd")


PEERS = {"duckdb": duckdb_work, "polars": polars_work}


def measured(command):
    """Wall, user, system seconds and peak MiB of a process."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    if status != 0:
        sys.exit(f"{' '.join(command)}\n{complaint.decode()}")
    return wall, usage.ru_utime, usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kleinraum")
    parser.add_argument("csv")
    parser.add_argument("parquet")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--formats", default="csv")
    arguments = parser.parse_args()
    print(f"| input | program | wall s | user s | system s | peak MiB | wall / kleinraum |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("csv", "parquet"):
            source, bundle = getattr(arguments, kind), f"{folder}/bundle"
            flags = "--crs EPSG:25832 --x x --y y --sizes 100,1000,10000 --dimension benefit=benefit --table benefit"
            flags += f" --method suppress --threshold 5 --formats {arguments.formats}"
            commands = {"kleinraum": [arguments.kleinraum, "run", source, *flags.split(), "-o", bundle]}
            commands |= {peer: [sys.executable, __file__, "--work", peer, source, f"{folder}/{peer}.parquet"] for peer in PEERS}
            runs = {name: [] for name in commands}
            for _ in range(arguments.rounds):
                for name, command in commands.items():
                    shutil.rmtree(bundle, ignore_errors=True)
                    runs[name].append(measured(command))
            medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in runs.items()}
            for name, (wall, user, system, peak) in medians.items():
                ratio = wall / medians["kleinraum"][0]
                print(f"| {kind} | {name} | {wall:.2f} | {user:.2f} | {system:.2f} | {peak:.0f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        PEERS[sys.argv[2]](*sys.argv[3:5])
    else:
        main()
