"""A library with one connection, and who can read its files."""

import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broadsheet.config import Settings, load_settings, secret_files
from broadsheet.library import Library, diagnose_installation
from broadsheet.model import Paper, Period, Sort
from broadsheet.rules.normalize import make_paper
from tests.conftest import NOW

_ID = "arxiv:2603.00001"


def _calls(library: Library, paper: Paper) -> list[Callable[[], object]]:
    """What pages, the API and the jobs call."""
    editions, day = library.editions, Period(library.today)
    return [
        library.health,
        library.diagnose,
        library.behind,
        library.update_index,
        lambda: library.search("kites in valleys"),
        lambda: library.search("kite", sort=Sort.DATE, facets=True),
        lambda: library.search("rivers", sort=Sort.TRENDING),
        lambda: library.search("kitez"),
        lambda: library.related(paper),
        lambda: library.paper(_ID),
        lambda: library.known([_ID]),
        library.newest,
        lambda: library.has_paper(_ID),
        library.merges,
        lambda: library.signals(_ID),
        lambda: library.records(_ID),
        lambda: library.vote(_ID, "reader", on=True),
        lambda: (library.votes([_ID]), library.counts([_ID]), library.submissions([_ID])),
        lambda: library.voted("reader", [_ID]),
        lambda: library.add("test", [make_paper(title="On tides", arxiv="2603.00099")]),
        lambda: (editions.read(), editions.exists(day), editions.periods(), editions.picks(day)),
        lambda: (editions.neighbors(day), editions.overlapping(day)),
        lambda: (library.trending.list(), library.trending.update()),
        lambda: (library.sources.states(), library.sources.ready(library.today)),
        lambda: library.sources.incomplete_note(library.today),
        lambda: (library.outbox.enqueue(library.today), library.outbox.send_due()),
        lambda: library.tokens.name_of("unknown"),
        library.subscriptions.delete_unconfirmed,
    ]


def test_fifty_threads_share_one_connection(library: Library) -> None:
    calls = _calls(library, library.paper(_ID))
    library.wait_at_most(60)
    with ThreadPoolExecutor(50) as pool:
        for call in calls:
            for future in [pool.submit(call) for _ in range(50 if call in calls[:1] else 8)]:
                future.result(30)
        started = [pool.submit(call) for call in calls * 2]
        for future in started:
            future.result(30)
    assert library._database._connections == 1


def test_publishing_and_unmerging_need_one_connection(library: Library) -> None:
    assert library.editions.publish().revision == 2
    first, second = (make_paper(title=f"Tides {n}", doi=f"10.5555/{n}") for n in "ab")
    library.add("bibtex", [first, second])
    bridges = [make_paper(title=first.title, doi="10.5555/a", ids=["W9"])]
    bridges.append(make_paper(title=second.title, doi="10.5555/b", ids=["W9"]))
    library.add("openalex", bridges)
    (merge,) = library.merges()
    library.unmerge(merge.number)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("open_umask")
def test_only_the_owner_reads_a_library_whatever_the_umask_is(settings: Settings) -> None:
    settings.data.mkdir(mode=0o777)
    with Library(settings, clock=lambda: NOW) as library:
        library.add("test", [make_paper(title="On tides", arxiv="2603.00099")])
        library.update_index()
        library.subscriptions.subscribe("ada@example.org")
        library.outbox.send_due()
        files = [settings.data / f"library.sqlite3{end}" for end in ("", "-wal", "-shm")]
        files += settings.outbox.glob("*.eml")
        assert len(files) == 4
        assert {_mode(file) for file in files} == {0o600}
        assert {_mode(settings.data / name) for name in ("index", "outbox")} == {0o700}


@pytest.mark.usefixtures("open_umask")
def test_opening_restricts_a_library_that_an_earlier_version_created(settings: Settings) -> None:
    outbox, index = settings.outbox, settings.data / "index" / "generation-1"
    outbox.mkdir(parents=True)
    index.mkdir(parents=True)
    old = [outbox / "digest.eml", index / "vectors.i8", settings.data / "library.sqlite3"]
    for file in old:
        file.touch()
    Library(settings).close()
    assert {_mode(file) for file in old} == {0o600}
    assert {_mode(folder) for folder in (outbox, index, index.parent)} == {0o700}


def test_opening_changes_no_mode_through_a_link(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (elsewhere / "hosts").touch(0o644)
    (settings.data / "outbox").mkdir(parents=True)
    (settings.data / "outbox" / "link").symlink_to(elsewhere / "hosts")
    (settings.data / "rerank").symlink_to(elsewhere)
    Library(settings).close()
    assert (_mode(elsewhere), _mode(elsewhere / "hosts")) == (0o755, 0o644)


def test_the_doctor_warns_of_passwords_that_everyone_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml, key = tmp_path / "broadsheet.toml", tmp_path / "key"
    toml.write_text('smtp = "smtp://ada:hunter2@mail.example.org"\nsources = "none"\n')
    key.write_text("secret")
    monkeypatch.setenv("BROADSHEET_ENCODER_KEY_FILE", str(key))
    assert secret_files(tmp_path) == [key, toml]

    def warned() -> list[str]:
        findings = diagnose_installation(load_settings({"data": tmp_path}))
        return [one.text for one in findings if "everyone on this machine" in one.text]

    for file in (toml, key):
        file.chmod(0o644)
    assert [text.rpartition("chmod 600 ")[2] for text in warned()] == [f"{key}'", f"{toml}'"]
    for file in (toml, key):
        file.chmod(0o640)
    assert warned() == []


def test_a_settings_file_without_secrets_may_be_readable(tmp_path: Path) -> None:
    (tmp_path / "broadsheet.toml").write_text('title = "The Valley"\n')
    assert secret_files(tmp_path, {}) == []
