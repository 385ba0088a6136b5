"""A lost network, and a database server that is restarted."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broadsheet.config import load_settings
from broadsheet.library import Library
from fault_rows.site import (
    Outcome,
    Row,
    SkippedError,
    command,
    compute_rerank_vectors,
    counts,
    environment,
    run,
    serve,
)


def _no_network(data: Path) -> Outcome:
    outcome, before = Outcome(), counts(data)
    lost = {"BROADSHEET_SOURCES": "arxiv hf", "BROADSHEET_MIRROR": "http://127.0.0.1:9"}
    with serve(data) as server:
        process = subprocess.run(
            command(data, "fetch"),
            env=environment(**lost),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        said = (process.stdout + process.stderr).strip().splitlines()
        outcome.meanwhile = f"{server.statuses()}; fetch ends with {process.returncode}"
        outcome.check(process.returncode != 0, "fetch reports success")
        outcome.check("unavailable" in " ".join(said), f"fetch says {said[-1:]}")
        outcome.check(server.status("/") == 200, "the front page is not served")
    after = counts(data)
    names = ("papers", "records", "signals", "subscriptions")
    outcome.compare({name: before[name] for name in names}, {name: after[name] for name in names})
    return outcome


@contextmanager
def _cluster(folder: Path) -> Iterator[tuple[list[str], str]]:
    """Start PostgreSQL; yield the start of its control command and the URL of a database."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs or os.geteuid() != 0 or shutil.which("runuser") is None:
        raise SkippedError("needs PostgreSQL and root")
    folder.mkdir()
    shutil.chown(folder, "postgres")
    folder.parent.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = ["runuser", "-u", "postgres", "--"]
    place = ["-D", str(folder / "cluster")]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    control = [*user, str(programs[-1] / "pg_ctl"), *place, "-o", options, "-w", "-l"]
    control.append(str(folder / "log"))
    initdb = [*user, str(programs[-1] / "initdb"), *place, "-A", "trust", "-U", "postgres"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/")
    subprocess.run([*control, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    try:
        yield control, f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*control, "-m", "fast", "stop"], check=False, stdout=subprocess.DEVNULL, cwd="/"
        )


def _postgres(data: Path) -> Outcome:
    outcome = Outcome()
    with _cluster(data.with_name("cluster")) as (control, url):
        setting = {"BROADSHEET_DATABASE": url}
        shutil.rmtree(data)
        with Library(load_settings({"data": data, "database": url}, environment={})) as library:
            library.import_starter()
            library.update_index()
            library.editions.publish()
            compute_rerank_vectors(library)
        with serve(data, **setting) as server:
            server.wait_for(lambda: server.status("/search?q=attention") == 200)
            before = server.found()
            subscribe = ("POST", "/subscribe", "email=ada%40example.org")
            first = server.request(*subscribe)[0]
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, check=True, stdout=subprocess.DEVNULL, cwd="/")
            outcome.meanwhile = f"stopped: {server.statuses()}"
            down = server.request(*subscribe)[0]
            subprocess.run([*control, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
            again_s = server.wait_for(lambda: server.status("/") == 200)
            outcome.meanwhile += f"; / 200 {again_s or 60:.1f} s after its start"
            outcome.check(again_s is not None, "the server does not connect again")
            outcome.check(server.request(*subscribe)[0] < 400, "a subscription fails afterwards")
            after = server.found()
            outcome.check(before == after, "a search finds other papers")
            outcome.check(first < 400 <= down, f"subscribing: {first}, then {down}")
            outcome.check(server.is_alive, "the server ended")
        listed = run(data, "subscribers", **setting).stdout
        outcome.compare({"subscriptions": 1}, {"subscriptions": listed.count("ada@example.org")})
    return outcome


ROWS: dict[str, tuple[str, Row]] = {
    "no-network": ("no service of a source can be reached", _no_network),
    "postgres": ("PostgreSQL is stopped at once and started under the server", _postgres),
}
