"""How a running server bears load, on loopback: tiles of the archive and of one group, memory over many requests, crowds, slow clients.

Use: python3 benches/serve.py PROGRAM BUNDLE [--question "leistung=SGB II"] [--requests 1000000] [--only tiles,peer,zooms,group,memory,crowd,slow]
    [--martin PROGRAM]
Needs `wrk` for most (Debian: apt-get install wrk). `peer` asks martin for the same tiles, in turn with ours, from the bundle's tiles.mbtiles
(cargo install martin --no-default-features --features mbtiles). Everything is bounded in count and time. One JSON line a measurement.
"""

import argparse
import gzip
import http.client
import json
import math
import os
import random
import resource
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("bundle")
parser.add_argument("--question", default="leistung=SGB II")
parser.add_argument("--requests", type=int, default=1_000_000)
parser.add_argument("--seconds", type=int, default=10)
parser.add_argument("--only", default="tiles,peer,zooms,group,memory,crowd,slow")
parser.add_argument("--martin")
flags = parser.parse_args()
only = flags.only.split(",")
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))

server = subprocess.Popen([flags.program, "serve", flags.bundle, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
host, port = server.stdout.readline().split("/")[2].split(":")
port = int(port)


def tell(what, **figures):
    print(json.dumps({"what": what, "load_before": round(os.getloadavg()[0], 1), **figures}), flush=True)


def get(path, connection=None):
    connection = connection or http.client.HTTPConnection(host, port, timeout=60)
    connection.request("GET", path, headers={"accept-encoding": "gzip"})
    response = connection.getresponse()
    body = response.read()
    return response.status, gzip.decompress(body) if response.headers.get("content-encoding") == "gzip" else body


def memory_mib():
    status = open(f"/proc/{server.pid}/status").read()
    return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)


def tiles():
    """Every tile of the archive's zooms that holds something."""
    tilejson = json.loads(get(f"/b/{name}/tiles.json")[1])
    west, south, east, north = tilejson["bounds"]
    connection, found = http.client.HTTPConnection(host, port, timeout=60), []
    row = lambda lat: (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    for z in range(tilejson["minzoom"], tilejson["maxzoom"] + 1):
        side = 2**z
        columns = range(int((west + 180) / 360 * side), int((east + 180) / 360 * side) + 1)
        for x in columns:
            for y in range(int(row(north) * side), int(row(south) * side) + 1):
                path = f"/b/{name}/tiles/{z}/{x}/{y}.pbf"
                if len(found) < 5000 and get(path, connection)[0] == 200:
                    found.append(path)
    return found


def wrk(paths, seconds, connections=64, port=port):
    script = tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False)
    listed = ",".join(json.dumps(path) for path in paths)
    script.write(f'local paths = {{{listed}}}\nwrk.headers["Accept-Encoding"] = "gzip"\n'
                 'request = function() return wrk.format("GET", paths[math.random(#paths)]) end\n'
                 'done = function(s, l) io.write(string.format("RESULT %d %d %d %d %d %d\\n", s.requests, s.duration, l:percentile(50), l:percentile(99), '
                 's.errors.status, s.errors.connect + s.errors.read + s.errors.write + s.errors.timeout)) end\n')
    script.close()
    told = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, f"http://{host}:{port}"],
                          capture_output=True, text=True, check=True).stdout
    os.unlink(script.name)
    requests, micros, p50, p99, status, other = map(int, told.split("RESULT ")[1].split()[:6])
    return {"connections": connections, "requests": requests, "a_second": round(requests / (micros / 1e6)), "p50_ms": p50 / 1000, "p99_ms": p99 / 1000,
            "wrong_status": status, "broken": other}


def ended(connection):
    """Whether the server has closed it."""
    connection.setblocking(False)
    try:
        return connection.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


try:
    name = json.loads(get("/bundles.json")[1])[0]["name"]
    question = urllib.parse.quote(flags.question)
    paths = tiles() if {"tiles", "peer", "zooms", "group", "memory"} & set(only) else []
    grouped = [f"{path}?q={question}" for path in paths]
    if "tiles" in only:
        tell("tiles of the archive", tiles=len(paths), **wrk(paths, flags.seconds))
    if "peer" in only and flags.martin:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            other = free.getsockname()[1]
        archive = os.path.join(flags.bundle, "tiles.mbtiles")
        martin = subprocess.Popen([flags.martin, "--listen-addresses", f"127.0.0.1:{other}", archive], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            theirs = [path.replace(f"/b/{name}/tiles/", "/tiles/").removesuffix(".pbf") for path in paths]
            for _ in range(100):
                time.sleep(0.1)
                try:
                    answer = http.client.HTTPConnection(host, other, timeout=5)
                    answer.request("GET", theirs[-1], headers={"accept-encoding": "gzip"})
                    assert answer.getresponse().status == 200
                    break
                except OSError:
                    continue
            wrk(theirs, 3, port=other), wrk(paths, 3)
            for turn in range(3):
                tell("tiles of the archive, kleinraum", turn=turn, **wrk(paths, flags.seconds))
                tell("tiles of the archive, martin", turn=turn, **wrk(theirs, flags.seconds, port=other))
        finally:
            martin.kill()
    if "zooms" in only:
        connection = http.client.HTTPConnection(host, port, timeout=60)
        for z in sorted({int(path.split("/")[4]) for path in paths}):
            took = []
            for path in [p for p in grouped if int(p.split("/")[4]) == z][:200]:
                begun = time.perf_counter()
                assert get(path, connection)[0] == 200, path
                took.append(1000 * (time.perf_counter() - begun))
            took.sort()
            tell("tiles of one group by zoom", zoom=z, tiles=len(took), median_ms=round(statistics.median(took), 2), p99_ms=round(took[int(0.99 * (len(took) - 1))], 2))
    if "group" in only:
        connection, took, largest = http.client.HTTPConnection(host, port, timeout=60), [], (0, "")
        for path in grouped:
            begun = time.perf_counter()
            status, body = get(path, connection)
            took.append(1000 * (time.perf_counter() - begun))
            largest = max(largest, (took[-1], path.split("?")[0]))
            assert status == 200, (status, path)
        took.sort()
        tell("tiles of one group, one after the other", tiles=len(took), median_ms=round(statistics.median(took), 2),
             p99_ms=round(took[int(0.99 * (len(took) - 1))], 2), slowest_ms=round(largest[0], 1), slowest=largest[1])
        tell("tiles of one group", tiles=len(grouped), **wrk(grouped, flags.seconds, 16))
    if "memory" in only:
        wrk(paths + grouped[::10], 3)
        before, sent, begun = memory_mib(), 0, time.time()
        peaks = []
        while sent < flags.requests and time.time() - begun < 600:
            sent += wrk(paths, 10)["requests"]
            peaks.append(memory_mib())
        tell("memory", requests=sent, before_mib=before, after_mib=peaks[-1], most_mib=max(peaks))
    if "crowd" in only:
        # One client is there before the crowd: 10 000 connections that say nothing.
        there = http.client.HTTPConnection(host, port, timeout=60)
        get("/health", there)
        crowd, refused = [], 0
        for _ in range(10_000):
            one = socket.socket()
            one.setblocking(False)
            try:
                one.connect((host, port))
            except BlockingIOError:
                pass
            except OSError:
                refused += 1
            crowd.append(one)
        time.sleep(1)
        took = []
        for _ in range(100):
            begun = time.perf_counter()
            assert get("/health", there)[0] == 200
            took.append(1000 * (time.perf_counter() - begun))
        for one in crowd:
            one.close()
        begun = time.perf_counter()
        assert get("/health")[0] == 200
        tell("10 000 connections", refused=refused, who_was_there_p99_ms=round(sorted(took)[98], 2), memory_mib=memory_mib(),
             next_client_after_it_s=round(time.perf_counter() - begun, 2))
    if "slow" in only:
        slow = []
        for _ in range(600):
            one = socket.create_connection((host, port))
            one.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            slow.append(one)
        begun, took, alive = time.time(), [], len(slow)
        while alive and time.time() - begun < 30:
            for one in random.sample(slow, 50):
                try:
                    one.send(b"a")
                except OSError:
                    pass
            start = time.perf_counter()
            assert get("/health")[0] == 200
            took.append(1000 * (time.perf_counter() - start))
            alive = sum(not ended(one) for one in slow)
            time.sleep(0.5)
        tell("600 slow clients", others_median_ms=round(statistics.median(took), 2), others_most_ms=round(max(took), 2),
             all_ended_after_s=round(time.time() - begun, 1) if not alive else None)
finally:
    server.kill()
