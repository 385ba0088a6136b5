"""Start engines in separate processes and send them queries."""

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypedDict
from urllib.parse import unquote, urlencode

import orjson

_ENGINE = Path(__file__).with_name("engine.py")
_HEADLINE = re.compile(r'class="headline">.*?<a href="/papers/([^"?#]+)"')
_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "RAYON_NUM_THREADS",
        "LANCE_CPU_THREADS",
    ),
    "1",
)


class EngineError(Exception):
    """An engine's process failed."""


class _Message(TypedDict, total=False):
    """One line that an engine's process writes."""

    address: str
    ms: list[float]
    cpu_ms: list[float]
    found: list[list[str]]
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one engine to some queries.

    Parameters
    ----------
    taken_ms : sequence of float
        Milliseconds of each query.
    cpu_ms : sequence of float
        Milliseconds of processor time of each query, which other processes do not increase; empty
        over HTTP.
    found : sequence of (sequence of str)
        For each query the papers found, best first: by row in the file, or by arXiv id.
    rss_mb : float
        Resident megabytes of the process after the last query.
    """

    taken_ms: Sequence[float]
    cpu_ms: Sequence[float]
    found: Sequence[Sequence[str]]
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Served:
    """A running engine.

    Parameters
    ----------
    name : str
        Its name.
    process : subprocess.Popen
        Its process, which answers each line with a line.
    address : str or None
        The address of its pages, if queries are sent over HTTP.
    """

    name: str
    process: "subprocess.Popen[bytes]"
    address: str | None


def search(engine: Served, queries: Sequence[str]) -> Answers:
    """Send queries one after the other.

    Raises
    ------
    EngineError
        If the process ended.
    """
    if engine.address is not None:
        return _search_over_http(engine, engine.address, queries)
    message = _reply(engine, queries)
    return Answers(message["ms"], message["cpu_ms"], message["found"], message["rss_mb"])


def build(engine: str, papers: Path, folder: Path) -> dict[str, float]:
    """Index a file of papers, on all cores.

    Parameters
    ----------
    engine : str
        Its name.
    papers : Path
        JSON lines.
    folder : Path
        An empty folder for the index.

    Returns
    -------
    dict of str to float
        At least ``index_s`` and ``disk_mb``.

    Raises
    ------
    EngineError
        If the process failed; its standard error says why.
    """
    run = subprocess.run(
        [sys.executable, _ENGINE, "build", engine, papers, folder],
        check=False,
        stdout=subprocess.PIPE,
    )
    if run.returncode:
        raise EngineError(f"{engine} could not index {papers.name!r}")
    return dict(orjson.loads(run.stdout.splitlines()[-1]))


@contextmanager
def serve(engine: str, folder: Path) -> Iterator[Served]:
    """Serve an index of :func:`build` on one core until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, _ENGINE, "serve", engine, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **_ONE_THREAD},
    )
    try:
        address = _line(engine, process).get("address")
        yield Served(engine, process, address)
    finally:
        process.kill()
        process.communicate()


def _search_over_http(engine: Served, address: str, queries: Sequence[str]) -> Answers:
    taken_ms, found = [], []
    with closing(http.client.HTTPConnection(address.removeprefix("http://"))) as connection:
        for query in queries:
            start = perf_counter()
            page = _page(engine.name, connection, f"/search?{urlencode({'q': query})}")
            taken_ms.append((perf_counter() - start) * 1_000)
            found.append(_papers_on(page))
    return Answers(taken_ms, [], found, _reply(engine, [])["rss_mb"])


def _page(engine: str, connection: http.client.HTTPConnection, path: str) -> str:
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        page = answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(f"{engine} did not answer {path!r}") from error
    if answer.status != http.HTTPStatus.OK:
        raise EngineError(f"{engine} answered {path!r} with {answer.status}")
    return page


def _reply(engine: Served, queries: Sequence[str]) -> _Message:
    assert engine.process.stdin is not None
    try:
        engine.process.stdin.write(orjson.dumps(queries) + b"\n")
        engine.process.stdin.flush()
    except BrokenPipeError as error:
        raise EngineError(f"{engine.name} ended before the query") from error
    return _line(engine.name, engine.process)


def _line(engine: str, process: "subprocess.Popen[bytes]") -> _Message:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise EngineError(f"{engine} ended before its answer")
    message: _Message = orjson.loads(line)
    return message


def _papers_on(page: str) -> list[str]:
    """List the arXiv ids of a search page's hits, best first."""
    return [unquote(name).removeprefix("arxiv:") for name in _HEADLINE.findall(page)]
