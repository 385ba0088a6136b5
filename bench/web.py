"""Measure the web server: pages and searches a second, latency, and errors on every route.

    python bench/web.py DATA [--seconds 10] [--processes N] [--memory 600] [--no-routes] [--json]

Serves the library in the data folder DATA as ``broadsheet serve`` does and sends requests with wrk
on 50 connections. Beside it, on as many processes: an application that answers with one
line, and nginx with the front page as a file. wrk shares the cores of the machine;
``cpu_ms`` is the processor time of the server alone, per request. Ends with every
GET route of the application for a second each, and with ``--memory`` with pages and searches of all
kinds for so many seconds, while it samples the memory of the server.
"""

import argparse
import http.client
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, sleep
from typing import NamedTuple
from urllib.parse import quote, urlencode

import numpy as np
import orjson
from fastapi.routing import APIRoute
from rich.console import Console
from rich.table import Table

from broadsheet.web import actions, crawlers, pages, redirects, site_files
from broadsheet.web.api import docs, hub, v1
from broadsheet.web.feeds import routes as feeds

CONNECTIONS = 50
QUERIES = 20_000
_REPEATED = 20
_ALONE = 200
_WARM_UP = 30
_SAMPLES = 10
_HELLO = Path(__file__).with_name("web_hello.py")
_ENVIRONMENT = {"BROADSHEET_SOURCES": "none", "BROADSHEET_API_REQUESTS_AN_HOUR": "1000000"}
_WRK = """
local paths = {}
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
local next = 0
request = function()
  next = next % #paths + 1
  return wrk.format("GET", paths[next])
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %d, "per_s": %.1f, "p50_ms": %.3f, "p99_ms": %.3f, ',
    summary.requests, 1e6 * summary.requests / summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
  io.write(string.format(
    '"status": %d, "socket": %d}\\n',
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""
_NGINX = """
worker_processes {processes};
daemon off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  default_type text/html;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}; index front.html; }}
}}
"""

Figures = dict[str, float]


class Served(NamedTuple):
    """A running server."""

    pid: int
    port: int


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        document = _measure(arguments, Path(folder))
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(document)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA", help="a data folder with its index")
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--memory", type=int, default=0, help="seconds of the memory's samples")
    parser.add_argument("--no-routes", action="store_true", help="leave out the single routes")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    queries = [urlencode({"q": query}) for query in _queries(arguments.data, QUERIES)]
    alone, warm_up, *queries = queries[:_ALONE], queries[-_WARM_UP:], *queries[_ALONE:-_WARM_UP]
    repeated, queries = queries[:_REPEATED], queries[_REPEATED:]
    half = len(queries) // 2
    loads: dict[str, Sequence[str]] = {
        "front": ["/"],
        "search": [f"/search?{query}" for query in queries[:half]],
        "search_repeated": [f"/search?{query}" for query in repeated],
        "api_search": [f"/api/v1/search?limit=20&{query}" for query in queries[half:]],
        "trending": ["/trending"],
    }
    document: dict[str, object] = {}
    with _broadsheet(arguments.data, arguments.processes) as served:
        port = served.port
        for query in warm_up:
            _get(port, f"/search?{query}")
        page = _get(port, "/")
        document["first_byte_ms"] = {
            "front": _first_byte(port, ["/"] * _ALONE),
            "search": _first_byte(port, [f"/search?{query}" for query in alone]),
        }
        for name, paths in loads.items():
            _note(name)
            document[name] = _load(folder, served, paths, arguments.seconds)
        document["rss_mb"] = _memory_mb(served.pid)
        if not arguments.no_routes:
            document["routes"] = _every_route(folder, served)
        if arguments.memory:
            _note("memory")
            rounds = islice(zip(*map(cycle, loads.values()), strict=True), half)
            mixed = [path for each in rounds for path in each]
            document["memory_mb"] = _memory_under_load(folder, served, mixed, arguments.memory)
    (folder / "front.html").write_bytes(page)
    for name, serving in (
        ("hello", _hello(arguments.processes)),
        ("nginx", _nginx(folder, arguments.processes)),
    ):
        _note(name)
        with serving as served:
            document[name] = _load(folder, served, ["/"], arguments.seconds)
    return document


def _queries(data: Path, count: int) -> list[str]:
    """Draw two words of each of some titles, each pair once."""
    chance = random.Random(11)
    with closing(sqlite3.connect(f"file:{data / 'library.sqlite3'}?mode=ro", uri=True)) as library:
        titles = [row[0] for row in library.execute("SELECT title FROM papers ORDER BY num")]
    chance.shuffle(titles)
    words = (re.findall(r"[A-Za-z]{3,}", title) for title in titles)
    pairs = (" ".join(chance.sample(each, 2)) for each in words if len(each) > 1)
    return list(dict.fromkeys(pairs))[:count]


@contextmanager
def _broadsheet(data: Path, processes: int) -> Iterator[Served]:
    command = [sys.executable, "-m", "broadsheet", "serve", "--data", str(data), "--port", "0"]
    command += ["--processes", str(processes)]
    with _running(command) as server:
        assert server.stdout is not None
        found = re.search(r":(\d+)\s*$", server.stdout.readline().rstrip())
        if found is None:
            raise SystemExit("the server did not start; its standard error says why")
        yield Served(server.pid, int(found[1]))


@contextmanager
def _hello(processes: int) -> Iterator[Served]:
    with _running([sys.executable, str(_HELLO), str(processes)]) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        _wait_for(port)
        yield Served(server.pid, port)


@contextmanager
def _nginx(folder: Path, processes: int) -> Iterator[Served]:
    port = 18_080
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port, processes=processes))
    folder.chmod(0o755)
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    with _running([program, "-p", str(folder), "-c", str(configuration)]) as server:
        _wait_for(port)
        yield Served(server.pid, port)


@contextmanager
def _running(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **_ENVIRONMENT}
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for(port: int) -> None:
    deadline = perf_counter() + 60
    while True:
        try:
            _get(port, "/")
        except OSError:
            if perf_counter() > deadline:
                raise
        else:
            return


def _get(port: int, path: str) -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        client.request("GET", path)
        return client.getresponse().read()


def _status(port: int, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        client.request("GET", path)
        return client.getresponse().status


def _first_byte(port: int, paths: Sequence[str]) -> Figures:
    """Return the time to the first byte of one client that waits for each page."""
    taken_ms = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        for path in paths:
            start = perf_counter()
            client.request("GET", path)
            answer = client.getresponse()
            taken_ms.append((perf_counter() - start) * 1_000)
            answer.read()
    return {
        name: round(float(np.percentile(taken_ms, percent)), 2)
        for name, percent in (("p50", 50), ("p95", 95))
    }


def _load(folder: Path, served: Served, paths: Sequence[str], seconds: int) -> Figures:
    """Send requests on 50 connections; errors are responses of 400 and more, and failures."""
    (folder / "paths").write_text("\n".join(paths) + "\n")
    (folder / "wrk.lua").write_text(_WRK)
    before = _processor_s(served.pid)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s"]
    run = subprocess.run(
        [*command, "-s", str(folder / "wrk.lua"), f"http://127.0.0.1:{served.port}/"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PATHS": str(folder / "paths")},
    )
    figures: Figures = orjson.loads(run.stdout.rstrip().splitlines()[-1])
    processor_ms = 1_000 * (_processor_s(served.pid) - before)
    return {**figures, "cpu_ms": round(processor_ms / max(1, figures["requests"]), 3)}


def _memory_under_load(
    folder: Path, served: Served, paths: Sequence[str], seconds: int
) -> list[float]:
    """Return the memory before the first and after each tenth of the time."""
    found = [_memory_mb(served.pid)]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_load, folder, served, paths, seconds)
        for _ in range(_SAMPLES):
            sleep(seconds / _SAMPLES)
            found.append(_memory_mb(served.pid))
        figures = running.result()
    _note(f"{figures['requests']:,} requests, {figures['status'] + figures['socket']} errors")
    return found


def _every_route(folder: Path, served: Served) -> dict[str, Figures]:
    """Send requests to each GET route for a second."""
    port = served.port
    paper = re.search(rb'action="(/papers/[^"]+)/vote"', _get(port, "/"))
    paper_id = paper[1].decode().removeprefix("/papers/") if paper else "arxiv:2502.14802"
    archive = re.search(rb'href="/editions/(\d{4}-\d\d-\d\d)"', _get(port, "/editions"))
    period = archive[1].decode() if archive else "2026-02-20"
    found = {}
    for path in _routes(paper_id, period):
        _note(path)
        figures = _load(folder, served, [path], 1)
        if _status(port, path) >= 400:
            # Such as a link without a token: only failures count.
            figures["status"] = 0
        found[path] = figures
    return found


def _routes(paper_id: str, period: str) -> list[str]:
    values = {"{paper_id}": paper_id, "{period}": period, "{name}": quote("cs.LG"), "{part}": "1"}
    modules = (v1, hub, docs, feeds, actions, redirects, site_files, crawlers)
    paths = []
    for router in [*(module.router for module in modules), *pages.ROUTERS]:
        for route in router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                path = route.path_format
                for name, value in values.items():
                    path = path.replace(name, value)
                is_search = "search" in path
                paths.append(f"{path}?q=sparse+attention" if is_search else path)
    return list(dict.fromkeys([*paths, "/static/style.css"]))


def _tree(root: int) -> list[int]:
    """Return a process and its descendants."""
    pids = [root]
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            pids += [int(child) for child in (task / "children").read_text().split()]
    return pids


def _processor_s(root: int) -> float:
    """Return the processor time that a process and its descendants have used."""
    ticks = 0
    for pid in _tree(root):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory_mb(root: int) -> float:
    """Return the memory of a process and its descendants; shared pages count once."""
    kilobytes = 0
    for pid in _tree(root):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kilobytes += sum(int(each) for each in re.findall(r"^Pss:\s+(\d+)", rollup, re.M))
    return round(kilobytes / 1_024, 1)


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _print(document: dict[str, object]) -> None:
    console = Console()
    table = Table("requests", "per s", "p50 ms", "p99 ms", "cpu ms", "errors", box=None)
    single = document.pop("routes", {})
    alone, memory = document.pop("first_byte_ms"), document.pop("rss_mb")
    over_time = document.pop("memory_mb", None)
    assert isinstance(single, dict)
    for name, row in {**document, **single}.items():
        assert isinstance(row, dict)
        errors = row["status"] + row["socket"]
        cells = (f"{row[key]:,.2f}" for key in ("per_s", "p50_ms", "p99_ms", "cpu_ms"))
        table.add_row(name, *cells, f"{errors:,.0f}")
    console.print(table)
    console.print(f"first byte, one client, ms: {alone}; memory {memory} MB")
    if over_time:
        console.print(f"memory under load, MB: {over_time}")


if __name__ == "__main__":
    main()
