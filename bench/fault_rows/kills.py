"""Commands that are killed (SIGKILL) at random times and then run to their end."""

import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import orjson

from fault_rows.site import (
    SUBSCRIBERS,
    Outcome,
    Row,
    command,
    copy_library,
    counts,
    environment,
    is_sound,
    mails_by_state,
    run,
    serve,
)

_KILLS = 6


def _killed(*arguments: str, prepare: Callable[[Path], None] | None = None) -> Row:
    """Compare a library after a killed and repeated command with one after a single run."""

    def row(data: Path) -> Outcome:
        outcome = Outcome()
        filled = [
            word.replace("DATA", str(data.parent / "dump.jsonl")).replace("PAPER", _paper(data))
            for word in arguments
        ]
        if prepare is not None:
            prepare(data)
        once = copy_library(data, data.with_name(f"{data.name}-once"))
        started = time.monotonic()
        result = run(once, *filled)
        took_s = time.monotonic() - started
        outcome.check(result.returncode == 0, f"the command fails: {result.stderr[-200:]}")
        killed = kill_repeatedly(data, filled, took_s)
        result = run(data, *filled)
        # A command that did its work before it was killed may have nothing left to do.
        outcome.check(result.returncode in (0, 1), f"it fails afterwards: {result.stderr[-200:]}")
        outcome.meanwhile = f"killed {killed} times in {_KILLS}"
        _compare(outcome, once, data)
        return outcome

    return row


def kill_repeatedly(data: Path, arguments: list[str], took_s: float) -> int:
    """Start a command and kill it, at times spread over the time that it takes."""
    delays = random.Random(" ".join(arguments[:1]))
    killed = 0
    for number in range(_KILLS):
        with subprocess.Popen(
            command(data, *arguments),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            time.sleep(took_s * (0.2 + 0.6 * (number + delays.random()) / _KILLS))
            killed += process.poll() is None
            process.send_signal(signal.SIGKILL)
    return killed


def _compare(outcome: Outcome, once: Path, data: Path) -> None:
    expected, after = counts(once), counts(data)
    # A revision is a publication: each run that is not killed before its commit makes one.
    for name in ("editions", "edition_items", "tokens", "deliveries"):
        for table in (expected, after):
            table.pop(name, None)
    outcome.compare(expected, {name: after.get(name, 0) for name in expected})
    outcome.check(is_sound(data), "the database is damaged")
    results = [run(each, "search", "attention", "--json").stdout for each in (once, data)]
    outcome.check(results[0] == results[1] != "", "searches find other papers")


def _write_dump(data: Path) -> None:
    lines = [
        {
            "id": f"2603.{number:05}",
            "title": f"Kites of valley {number % 2_900}, a long and careful study",
            "abstract": "We watched kites. " * 20,
            "authors": ["Ada Windrow", f"Bo Farol {number}"],
            "published": "2026-03-10",
        }
        for number in range(3_000)
    ]
    dump = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    (data.parent / "dump.jsonl").write_bytes(dump)


def _remove_index(data: Path) -> None:
    shutil.rmtree(data / "index")


def _merge(data: Path) -> None:
    """Import a record that shows that two papers are one."""
    files = (
        ("archived.jsonl", '{"id": "2603.00001", "title": "Kites at dusk", "abstract": "Wind."}'),
        ("printed.bib", "@article{a, title={Flying after sunset}, doi={10.1234/dusk}}"),
        ("both.bib", "@article{b, title={Kites}, doi={10.1234/dusk}, eprint={2603.00001}}"),
    )
    for name, text in files:
        (data.parent / name).write_text(f"{text}\n")
        run(data, "import", str(data.parent / name))


def _send(data: Path) -> Outcome:
    """Kill `send` while it writes mails; each is sent once or reported as unknown."""
    outcome = Outcome()
    killed = kill_repeatedly(data, ["send"], 1.2)
    run(data, "send")
    states = mails_by_state(data)
    mails = list((data / "outbox").glob("*.eml"))
    names = {_message_id(mail) for mail in mails}
    outcome.meanwhile = f"killed {killed} times in {_KILLS}; mails by state {states}"
    confirmations = SUBSCRIBERS
    outcome.compare(
        {"mails": SUBSCRIBERS},
        {"mails": len(mails)},
    )
    outcome.check(len(names) == len(mails), "a mail was written twice")
    outcome.check(
        states == {"sent": SUBSCRIBERS + confirmations}, f"mails are left in states {states}"
    )
    return outcome


def _message_id(mail: Path) -> bytes:
    lines = mail.read_bytes().splitlines()
    return next(line for line in lines if line.lower().startswith(b"message-id"))


def _served(data: Path) -> Outcome:
    """Kill servers while they send, index and are voted on."""
    outcome, before = Outcome(), counts(data)
    votes = 0
    for _ in range(4):
        with serve(data) as server:
            paper = _paper(data)
            # Each vote without a cookie is of a new reader.
            votes += server.request("POST", f"/papers/{paper}/vote", "on=1")[0] == 303
            server.process.kill()
            server.process.wait()
    with serve(data) as server:
        outcome.check(server.status("/") == 200, "the front page is not served")
        outcome.check(server.status("/search?q=attention") == 200, "search is not served")
        server.wait_for(lambda: set(mails_by_state(data)) == {"sent"})
    after, mails = counts(data), len(list((data / "outbox").glob("*.eml")))
    outcome.meanwhile = f"killed 4 times; {votes} votes accepted before"
    outcome.compare(
        {"papers": before["papers"], "readers": before["readers"] + votes, "mails": SUBSCRIBERS},
        {"papers": after["papers"], "readers": after["readers"], "mails": mails},
    )
    outcome.check(is_sound(data), "the database is damaged")
    return outcome


def _paper(data: Path) -> str:
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        return str(connection.execute("SELECT id FROM papers LIMIT 1").fetchone()[0])


def _up(data: Path) -> Outcome:
    """Kill `up` in an empty folder while it imports, indexes and publishes."""
    outcome = Outcome()
    expected = counts(data)
    shutil.rmtree(data)
    killed = kill_repeatedly(data, ["up", "--port", "0"], 3.0)
    with serve(data) as server:
        pass
    result = subprocess.Popen(
        command(data, "up", "--port", "0"), env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert result.stdout is not None
    result.stdout.readline()
    result.terminate()
    result.wait()
    result.stdout.close()
    names = ("papers", "records")
    outcome.meanwhile = f"killed {killed} times in {_KILLS}"
    outcome.compare(
        {name: expected[name] for name in names}, {name: counts(data)[name] for name in names}
    )
    outcome.check(server.status("/") == 0, "the server did not stop")
    return outcome


ROWS: dict[str, tuple[str, Row]] = {
    "kill-import": ("import killed", _killed("import", "DATA", prepare=_write_dump)),
    "kill-index": ("index killed", _killed("index", prepare=_remove_index)),
    "kill-rebuild": ("index --rebuild killed", _killed("index", "--rebuild")),
    "kill-publish": ("publish killed", _killed("publish")),
    "kill-rerank": ("rerank killed", _killed("rerank")),
    "kill-pin": ("pin killed", _killed("pin", "PAPER", "--comment", "Read this.")),
    "kill-unmerge": ("unmerge killed", _killed("unmerge", "1", prepare=_merge)),
    "kill-token": ("token killed", _killed("token", "ada")),
    "kill-send": ("send killed", _send),
    "kill-serve": ("serve killed while mailing and after votes", _served),
    "kill-up": ("up killed in an empty folder", _up),
}
