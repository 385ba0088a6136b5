"""Commands that are killed (SIGKILL) at random times of their work and then run to their end."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from fault_rows import contents, mirror
from fault_rows.killing import Killed, kill, kill_copies, measure
from fault_rows.site import Outcome, Row, copy_library, run


def _killed(
    *arguments: str,
    prepare: Callable[[Path], None] | None = None,
    again: tuple[int, ...] = (0,),
    mirrored: bool = False,
) -> Row:
    """Compare a library after a killed and repeated command with one after a single run.

    `again` are the exit statuses that the repeated command may have: one that did its work before
    it was killed may have nothing left to do.
    """

    def row(data: Path) -> Outcome:
        first = Outcome()
        if prepare is not None:
            prepare(data)
        filled = _filled(data, arguments)
        once = copy_library(data, data.with_name(f"{data.name}-once"))
        with mirror.mirror() if mirrored else nullcontext("") as address:
            settings = _sources(address) if mirrored else {}
            measured = measure(once, filled, **settings)
            first.check(measured.returncode == 0, f"the command ends with {measured.returncode}")
            expected, hits = contents.contents(once, "editions"), contents.found(once)

            def check(outcome: Outcome, killed: Killed) -> None:
                result = run(killed.data, *filled, **settings)
                outcome.check(
                    result.returncode in again, f"it fails afterwards: {result.stderr[-200:]}"
                )
                if arguments[0] == "merges":
                    outcome.check(result.stdout == measured.printed, "it prints something else")
                after = contents.contents(killed.data, "editions")
                contents.compare(outcome, expected, after)
                _check_revisions(outcome, killed.data, once, is_published="publish" in filled)
                contents.check_library(outcome, killed.data)
                outcome.check(contents.found(killed.data) == hits, "searches find other papers")

            outcome = kill_copies(
                data, measured.work_s, lambda copy, s: kill(copy, filled, s, **settings), check
            )
        outcome.problems += first.problems
        return outcome

    return row


def _check_revisions(outcome: Outcome, data: Path, once: Path, *, is_published: bool) -> None:
    """Check that a publication is whole or absent: one more if it was committed before the kill."""
    expected, stored = contents.revisions(once), contents.revisions(data)
    most = expected + 1 if is_published else expected
    outcome.check(expected <= stored <= most, f"{stored} revisions, and {expected} without a kill")
    papers = contents.newest_papers(data)
    outcome.check(papers == contents.newest_papers(once), "an edition has other papers")


def _filled(data: Path, arguments: tuple[str, ...]) -> list[str]:
    words = {
        "DATA": str(data.parent / "dump.jsonl"),
        "PAPER": a_paper(data),
        "DAY": f"{datetime.now(UTC).date() - timedelta(days=mirror.DAYS)}",
    }
    return [words.get(word, word) for word in arguments]


def _sources(address: str) -> dict[str, str]:
    return {
        "BROADSHEET_SOURCES": "arxiv hf",
        "BROADSHEET_CATEGORIES": "",
        "BROADSHEET_MIRROR": address,
    }


def a_paper(data: Path) -> str:
    """Return the id of a paper of a library."""
    with closing(sqlite3.connect(data / "library.sqlite3")) as connection:
        return str(connection.execute("SELECT id FROM papers LIMIT 1").fetchone()[0])


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


def _remove_rerank_vectors(data: Path) -> None:
    shutil.rmtree(data / "rerank", ignore_errors=True)


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


ROWS: dict[str, tuple[str, Row]] = {
    "kill-fetch": (
        "fetch killed",
        _killed("fetch", "--since", "DAY", mirrored=True),
    ),
    "kill-import": ("import killed", _killed("import", "DATA", prepare=_write_dump)),
    "kill-index": ("index killed", _killed("index", prepare=_remove_index)),
    "kill-rebuild": ("index --rebuild killed", _killed("index", "--rebuild")),
    "kill-rerank": ("rerank killed", _killed("rerank", prepare=_remove_rerank_vectors)),
    "kill-publish": ("publish killed", _killed("publish")),
    "kill-pin": ("pin killed", _killed("pin", "PAPER", "--comment", "Read this.")),
    "kill-drop": ("drop killed", _killed("drop", "PAPER")),
    "kill-merges": ("merges killed", _killed("merges", "--json", prepare=_merge)),
    "kill-unmerge": ("unmerge killed", _killed("unmerge", "1", prepare=_merge, again=(0, 1))),
}
