"""A library with papers, an edition and subscribers, and servers of copies of it."""

import email
import email.policy
import http.client
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from broadsheet.config import load_settings
from broadsheet.library import Library

SUBSCRIBERS = 12
PROCESSES = 2
PAGES = ("/", "/search?q=attention", "/trending", "/healthz")
_START_S = 60.0
# What changes with time and not with work.
_NOT_COUNTED = frozenset({"request_counts", "metadata", "alembic_version"})


@dataclass
class Outcome:
    """What a row found.

    Parameters
    ----------
    meanwhile : str
        What was served during the fault.
    lost, doubled : str
        What was lost or stored or sent twice; "nothing" if nothing.
    problems : list of str
        Claims that did not hold.
    """

    meanwhile: str = ""
    lost: str = "nothing"
    doubled: str = "nothing"
    problems: list[str] = field(default_factory=list)

    def check(self, holds: bool, claim: str) -> None:
        """Add a problem unless a claim holds."""
        if not holds:
            self.problems.append(claim)

    def compare(self, before: Mapping[str, int], after: Mapping[str, int]) -> None:
        """State which tables have fewer or more rows than they should."""
        fewer = [
            f"{name} {after.get(name, 0)}/{n}" for name, n in before.items() if after[name] < n
        ]
        more = [f"{name} {after.get(name, 0)}/{n}" for name, n in before.items() if after[name] > n]
        self.lost, self.doubled = ", ".join(fewer) or self.lost, ", ".join(more) or self.doubled
        self.problems += [f"lost {text}" for text in fewer] + [f"doubled {text}" for text in more]


# The status of a search, its total and its papers.
Found = tuple[int, int, list[str]]


class SkippedError(Exception):
    """A row cannot run here; the text says why."""


Row = Callable[[Path], Outcome]


def make_library(data: Path) -> None:
    """Create a library of the starter papers, with subscribers and today's edition."""
    with Library(load_settings({"data": data}, environment={})) as library:
        library.import_starter()
        library.update_index()
        for number in range(SUBSCRIBERS):
            library.subscriptions.subscribe(f"reader{number}@example.org")
        library.outbox.send_due()
        for mail in library.settings.outbox.glob("*.eml"):
            parsed = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
            body = parsed.get_body(("plain",))
            token = re.search(r"token=(\S+)", body.get_content() if body else "")
            if token is not None:
                library.subscriptions.confirm(token[1])
        library.editions.publish()
        compute_rerank_vectors(library)
    shutil.rmtree(data / "outbox")


def compute_rerank_vectors(library: Library) -> None:
    """Compute what a server would compute meanwhile, which changes the number of results."""
    if library.reranker.available:
        library.reranker.compute_missing()


def copy_library(source: Path, target: Path) -> Path:
    """Copy a library and return the copy."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    return target


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a command: this one, without sources, and some settings."""
    kept = {name: value for name, value in os.environ.items() if "BROADSHEET" not in name}
    own = {
        "BROADSHEET_SOURCES": "none",
        "BROADSHEET_API_REQUESTS_AN_HOUR": "1000000",
        "PYTHONWARNINGS": "ignore",
    }
    return {**kept, **own, **settings}


def command(data: Path, *arguments: str) -> list[str]:
    """Return a command line of broadsheet."""
    return [sys.executable, "-m", "broadsheet", *arguments, "--data", str(data)]


def run(data: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(data, *arguments),
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@dataclass
class Server:
    """A running ``broadsheet serve``."""

    process: "subprocess.Popen[str]"
    address: str
    log: Path

    @property
    def port(self) -> int:
        """The port it listens on."""
        port = urlsplit(self.address).port
        assert port is not None
        return port

    @property
    def is_alive(self) -> bool:
        """Whether its process has not ended."""
        return self.process.poll() is None

    def status(self, path: str, timeout_s: float = 30.0) -> int:
        """Return the status of a page; 0 if there is no answer."""
        return self.request("GET", path, timeout_s=timeout_s)[0]

    def request(
        self, method: str, path: str, body: str | None = None, timeout_s: float = 30.0
    ) -> tuple[int, bytes]:
        """Send one request; a form if it has a body."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)) as link:
            try:
                link.request(method, path, body, headers)
                response = link.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException):
                return 0, b""

    def found(self) -> Found:
        """Return the status of a search, its total and the papers it finds, best first."""
        status, body = self.request("GET", "/api/v1/search?q=attention&limit=20")
        if status != 200:
            return status, 0, []
        page = orjson.loads(body)
        return status, page["total"], [hit["paper"]["id"] for hit in page["hits"]]

    def statuses(self, paths: Sequence[str] = PAGES) -> str:
        """Return the status of some pages, as text."""
        return ", ".join(f"{path.partition('?')[0]} {self.status(path)}" for path in paths)

    def wait_for(self, holds: Callable[[], bool], most_s: float = 60.0) -> float | None:
        """Wait until a condition holds; return the seconds, or None if it never did."""
        started = time.monotonic()
        while time.monotonic() - started < most_s:
            if holds():
                return time.monotonic() - started
            time.sleep(0.1)
        return None


@contextmanager
def serve(data: Path, *, prefix: Sequence[str] = (), **settings: str) -> Iterator[Server]:
    """Start a server of a library and stop it at the end."""
    # Not beside the library, which may be on a disk that cannot be written.
    with tempfile.NamedTemporaryFile(suffix=".log") as errors:
        log = Path(errors.name)
        process = subprocess.Popen(
            [*prefix, *command(data, "serve", "--port", "0", "--processes", str(PROCESSES))],
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.search(r"http://\S+", line)
            if address is None:
                raise RuntimeError(f"the server did not start: {log.read_text()[-2_000:]}")
            server = Server(process, address[0], log)
            server.wait_for(lambda: server.status("/healthz") == 200, _START_S)
            yield server
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[str]") -> None:
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    except ProcessLookupError:
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def counts(data: Path) -> dict[str, int]:
    """Count the rows of each table; mails by state."""
    with closing(sqlite3.connect(f"file:{data / 'library.sqlite3'}", uri=True)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for (name,) in tables
            if name not in _NOT_COUNTED
        }


def is_sound(data: Path) -> bool:
    """Return whether SQLite finds no damage."""
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")


def mails_by_state(data: Path) -> dict[str, int]:
    """Count the mails of the library by state."""
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        return dict(
            connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall()
        )
