"""Which commands create a library, and what each says about a place it cannot use."""

import errno
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

import broadsheet as package
from broadsheet.cli import main
from broadsheet.errors import NoLibraryError
from broadsheet.library import Library
from tests.cli.test_cli import broadsheet
from tests.conftest import FIXTURES, settings_in

_DUMP = str(FIXTURES / "dump.jsonl")


class Printed:
    """What a command printed, and how it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, " ".join(err.split())


class Command:
    """Runs commands in this process."""

    def __init__(self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capture = patch, capture
        patch.setattr(os, "umask", lambda mode: mode)

    def __call__(self, *words: str) -> Printed:
        self._patch.setattr(sys, "argv", ["broadsheet", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = self._capture.readouterr()
        return Printed(int(ended.value.code or 0), captured.out, captured.err)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.mark.parametrize(
    "words",
    [
        "search kites",
        "search kites --json",
        "trending",
        "publish",
        "pin 2502.14802",
        "drop 2502.14802",
        "picks",
        "send",
        "subscribers",
        "index",
        "rerank",
        "merges",
        "unmerge 1",
        "token ada",
        "token --list --json",
    ],
)
def test_a_command_that_adds_no_papers_creates_no_library(
    tmp_path: Path, command: Command, words: str
) -> None:
    absent = tmp_path / "typo"
    printed = command(*words.split(), "--data", str(absent))
    assert (printed.status, printed.out) == (1, "")
    assert printed.err.startswith(f"broadsheet: no library in '{absent}': ")
    assert "or create a library with 'broadsheet up'" in printed.err
    assert not absent.exists()


def test_an_empty_folder_holds_no_library_and_stays_empty(tmp_path: Path, command: Command) -> None:
    printed = command("search", "kites", "--data", str(tmp_path))
    assert f"no library in '{tmp_path}'" in printed.err
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_tables_holds_no_library(tmp_path: Path, command: Command) -> None:
    (tmp_path / "library.sqlite3").touch()
    printed = command("search", "kites", "--data", str(tmp_path))
    assert (printed.status, "no library in" in printed.err) == (1, True)


def test_the_settings_are_shown_before_there_is_a_library(tmp_path: Path, command: Command) -> None:
    absent = tmp_path / "new"
    printed = command("config", "show", "--json", "--data", str(absent))
    assert printed.status == 0
    assert f"no library in '{absent}'" in printed.err
    assert not absent.exists()


def test_import_creates_a_library_and_names_its_folder(tmp_path: Path, command: Command) -> None:
    folder = str(tmp_path / "new" / "news")
    assert f"created a library in {folder}" in command("import", _DUMP, "--data", folder).err
    assert "created" not in command("import", _DUMP, "--data", folder).err


def test_opening_from_python_creates_a_library_unless_told_not_to(tmp_path: Path) -> None:
    with pytest.raises(NoLibraryError, match="no library in"):
        package.open_library(tmp_path / "new", create=False)
    assert not (tmp_path / "new").exists()
    package.open_library(tmp_path / "new").close()
    package.open_library(tmp_path / "new", create=False).close()


def test_an_empty_database_on_postgresql_holds_no_library(tmp_path: Path, command: Command) -> None:
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url

    address = os.environ.get("TEST_POSTGRES_URL")
    if not address:
        pytest.skip("TEST_POSTGRES_URL is not set")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS empty_library"))
        connection.execute(text("CREATE DATABASE empty_library"))
    url = make_url(address).set(database="empty_library").render_as_string(hide_password=False)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BROADSHEET_DATABASE", url)
            printed = command("search", "kites", "--data", str(tmp_path))
        assert (printed.status, printed.out) == (1, "")
        assert "no library in 'postgresql+psycopg://" in printed.err
        assert "empty_library': check 'database', or create" in printed.err
        empty = create_engine(url)
        with empty.connect() as connection:
            query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            assert connection.scalar(text(query)) == 0
        empty.dispose()
    finally:
        with engine.connect() as connection:
            connection.execute(text("DROP DATABASE IF EXISTS empty_library WITH (FORCE)"))
        engine.dispose()


@pytest.mark.parametrize("words", ["search kites", "serve --port 0", f"import {_DUMP}", "doctor"])
def test_a_data_folder_that_is_a_file_is_one_sentence(
    tmp_path: Path, command: Command, words: str
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("kites")
    printed = command(*words.split(), "--data", str(file))
    assert printed.status == 1
    assert f"'{file}' is a file: choose a folder with --data" in printed.err + printed.out
    below = command(*words.split(), "--data", str(file / "data"))
    assert below.status == 1
    assert len(below.err.splitlines()) <= 1
    assert "internal error" not in below.err


def test_a_library_of_a_newer_version_is_one_sentence(tmp_path: Path, command: Command) -> None:
    Library(settings_in(tmp_path / "data")).close()
    with sqlite3.connect(tmp_path / "data" / "library.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for words in ("search kites", "serve --port 0"):
        printed = command(*words.split(), "--data", str(tmp_path / "data"))
        assert printed.status == 1
        assert "created by a newer Broadsheet (schema 9999): install that version" in printed.err


@pytest.mark.parametrize("words", ["up", "serve"])
def test_a_taken_port_is_one_sentence(tmp_path: Path, command: Command, words: str) -> None:
    data = str(tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        printed = command(words, "--port", port, "--data", data)
    assert printed.status == 1
    expected = f"cannot listen on 127.0.0.1 port {port}: another process uses this port"
    assert f"broadsheet: {expected}: stop it, or choose another with --port" in printed.err


def _without_privileges(*words: str) -> list[str]:
    """Return a command line whose process is not allowed to pass over the modes of files."""
    line = [sys.executable, "-m", "broadsheet", *words]
    if os.geteuid() != 0:
        return line
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed")
    lost = "-dac_override,-dac_read_search"
    return [setpriv, f"--bounding-set={lost}", f"--inh-caps={lost}", *line]


@pytest.mark.parametrize("words", ["import", "serve"])
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, words: str) -> None:
    arguments = [_DUMP] if words == "import" else ["--port", "0"]
    tmp_path.chmod(0o500)
    try:
        for data in (tmp_path, tmp_path / "data"):
            line = _without_privileges(words, *arguments, "--data", str(data))
            done = subprocess.run(line, capture_output=True, text=True, timeout=60)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith("broadsheet: ")
            assert len(done.stderr.splitlines()) == 1
            assert "ermission denied" in done.stderr or "accepts no writes" in done.stderr
    finally:
        tmp_path.chmod(0o700)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a disk is not allowed here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_one_sentence(small_disk: Path) -> None:
    data = small_disk / "data"
    filler = small_disk / "filler"
    for free in (0, 300_000):
        shutil.rmtree(data, ignore_errors=True)
        filler.write_bytes(bytes((1 << 20) - free))
        done = broadsheet(data, "import", _DUMP)
        last = done.stderr.splitlines()[-1]
        assert done.returncode == 1
        assert last.startswith("broadsheet: ")
        assert os.strerror(errno.ENOSPC) in last or "full" in last
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    for words in (("--version",), ("config", "show", "--data", str(tmp_path))):
        with Path("/dev/full").open("w") as full:
            line = [sys.executable, "-m", "broadsheet", *words]
            done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1
        assert "broadsheet: the disk is full: free some space" in done.stderr
        assert "Traceback" not in done.stderr


def test_an_index_of_an_earlier_format_is_rebuilt_with_a_sentence_and_no_word_of_damage(
    library: Library, command: Command
) -> None:
    state = library.settings.data / "index" / "state.json"
    state.write_bytes(orjson.dumps({**orjson.loads(state.read_bytes()), "format": 3}))
    first = command("index", "--data", str(library.settings.data))
    assert (first.status, first.out) == (0, "24 papers indexed\n")
    assert "the search index is rebuilt: its format is of an earlier version" in first.err
    assert "could not be read" not in first.err
    assert "earlier version" not in command("index", "--data", str(library.settings.data)).err
