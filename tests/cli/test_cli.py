"""Every command, run as a person types it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broadsheet.library import Library
from tests.conftest import FIXTURES, settings_in
from tests.mail.conftest import SmtpServer, body, listening

_READY_WITHIN_S = 60


def broadsheet(data: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "broadsheet", *words, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **variables},
    )


@contextmanager
def up(data: Path, **variables: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `broadsheet up` on a free port until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "broadsheet", "up", "--port", "0", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "BROADSHEET_PUBLISH_AT": "00:00", **variables},
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip().rpartition(" ")[2]
        yield address, process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def post(address: str, **fields: str) -> str:
    request = urllib.request.Request(address, urllib.parse.urlencode(fields).encode())
    with urllib.request.urlopen(request, timeout=30) as reply:
        return str(reply.read().decode())


def wait_for_mails(server: SmtpServer, number: int) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while len(server.messages) < number and time.monotonic() < until:
        time.sleep(0.1)
    assert len(server.messages) == number


def test_up_serves_and_mails_across_a_kill(tmp_path: Path) -> None:
    with listening() as server:
        smtp = f"smtp://127.0.0.1:{server.port}"
        site = {"BROADSHEET_SMTP": smtp, "BROADSHEET_BASE_URL": "http://news.example"}
        with up(tmp_path, **site) as (address, process):
            assert "620" in urllib.request.urlopen(f"{address}/healthz").read().decode()
            post(f"{address}/subscribe", email="ada@example.org")
            wait_for_mails(server, 1)
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=30)
        link = re.search(r"/confirm\?token=(\S+)", body(server.messages[0], "plain"))
        assert link is not None
        with up(tmp_path, **site) as (address, process):
            assert '"papers":620' in urllib.request.urlopen(f"{address}/healthz").read().decode()
            post(f"{address}/confirm?token={link[1]}", token=link[1])
            wait_for_mails(server, 2)
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=30)
        # Another terminal does not have the address: the library remembers it.
        assert broadsheet(tmp_path, "send", BROADSHEET_SMTP=smtp).stdout.startswith("0 sent")
        digest = server.messages[1]
        assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "View in browser" in body(digest, "html")


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    done = broadsheet(tmp_path, "import", str(FIXTURES / "dump.jsonl"))
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_search_prints_one_json_document(filled: Path) -> None:
    done = broadsheet(filled, "search", "kites", "--json")
    found = json.loads(done.stdout)
    assert set(found) == {"query", "total", "matches", "neighbours", "hits"}
    assert set(found["hits"][0]) == {"rank", "id", "title", "tier", "score", "why", "notice"}
    assert found["hits"][0]["tier"] == "match"


def test_publish_prints_one_json_document(filled: Path) -> None:
    done = broadsheet(filled, "publish", "--date", "2026-03-11", "--json")
    assert json.loads(done.stdout)["date"] == "2026-03-11"
    again = broadsheet(filled, "publish", "--date", "2026-03-11", "--json")
    assert json.loads(again.stdout)["revision"] == 2


def test_weeks_and_months_are_published_by_name(filled: Path) -> None:
    for option, name in (("--week", "2026-W11"), ("--month", "2026-03")):
        done = broadsheet(filled, "publish", option, name, "--json")
        assert json.loads(done.stdout)["name"] == name
        assert (
            f"no edition was published: {name}"
            in broadsheet(filled, "publish", option, name).stdout
        )


def test_picks_are_pinned_dropped_and_deleted(filled: Path) -> None:
    papers = json.loads(broadsheet(filled, "publish", "--json").stdout)["items"]
    first, second = (item["paper_id"] for item in papers)
    pinned = broadsheet(filled, "pin", second, "--comment", "Read this first.")
    assert "is pinned to rank 1" in pinned.stdout and "new revision" in pinned.stdout
    broadsheet(filled, "drop", first)
    listed = json.loads(broadsheet(filled, "picks", "--json").stdout)
    assert [(one["paper_id"], one["place"]) for one in listed] == [(second, 1), (first, None)]
    (item,) = json.loads(broadsheet(filled, "publish", "--json").stdout)["items"]
    assert (item["paper_id"], item["comment"]) == (second, "Read this first.")
    assert "no picks" not in broadsheet(filled, "picks", "--forget", first).stdout
    assert "no picks" in broadsheet(filled, "picks", "--forget", second).stdout


def test_trending_prints_text_or_json(filled: Path) -> None:
    assert "no trending papers" in broadsheet(filled, "trending").stdout
    assert json.loads(broadsheet(filled, "trending", "--json").stdout) == []


def test_importing_twice_changes_nothing(filled: Path) -> None:
    again = broadsheet(filled, "import", str(FIXTURES / "dump.jsonl"))
    assert "0 new, 0 merged into existing papers, 2 unchanged" in again.stderr


@pytest.mark.parametrize("command", ["index", "subscribers", "doctor"])
def test_the_small_commands_succeed(filled: Path, command: str) -> None:
    broadsheet(filled, "publish")
    done = broadsheet(filled, command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


def test_doctor_exits_1_after_an_error_and_creates_nothing(tmp_path: Path) -> None:
    done = broadsheet(tmp_path / "typo", "doctor")
    assert done.returncode == 1
    assert done.stdout.startswith("error    library     no library in ")
    assert done.stdout.endswith("1 error\n")
    assert not (tmp_path / "typo").exists()


def test_doctor_exits_0_after_a_warning(tmp_path: Path) -> None:
    Library(settings_in(tmp_path)).close()
    done = broadsheet(tmp_path, "doctor", "--json")
    levels = {one["check"]: one["level"] for one in json.loads(done.stdout)}
    assert (done.returncode, levels["library"], levels["disk"]) == (0, "warning", "ok")
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("import", "/nowhere/at/all.bib"), 1, "all.bib"),
        (("import", str(Path(__file__))), 1, "test_cli.py"),
        (("send",), 1, "there is no edition"),
        (("search",), 2, "QUERY"),
        (("publish", "--date", "tomorrow"), 2, "date"),
        (("publish", "--week", "2026-8"), 2, "2026-W08"),
        (("publish", "--month", "2026-13"), 2, "2026-02"),
        (("publish", "--week", "2026-W08", "--month", "2026-02"), 2, "one of"),
        (("pin", "2502.14802"), 1, "no paper 'arxiv:2502.14802'"),
        (("drop", "kites"), 1, "no paper 'kites'"),
        (("pin", "2502.14802", "--comment", " "), 2, "--comment"),
    ],
)
def test_a_failure_is_one_sentence(
    tmp_path: Path, words: tuple[str, ...], status: int, sentence: str
) -> None:
    Library(settings_in(tmp_path)).close()
    done = broadsheet(tmp_path, *words)
    assert done.returncode == status
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "broadsheet.toml").write_text("colour = 'red'\n")
    done = broadsheet(tmp_path, "search", "kites")
    assert done.returncode == 1
    assert "'colour'" in done.stderr


def test_a_backup_is_written_once_and_restored_into_an_empty_folder(
    filled: Path, tmp_path: Path
) -> None:
    news, copy = tmp_path / "news.zip", tmp_path / "copy"
    assert "2 papers" in broadsheet(filled, "backup", str(news)).stdout
    again = broadsheet(filled, "backup", str(news))
    assert again.returncode == 1
    assert "exists: name another file, or use --replace" in again.stderr
    assert "2 papers" in broadsheet(copy, "restore", str(news)).stdout
    refused = broadsheet(copy, "restore", str(news))
    assert refused.returncode == 1
    assert "the library is not empty" in refused.stderr
    report = broadsheet(copy, "restore", str(news), "--replace", "--json")
    assert json.loads(report.stdout)["rows"]["papers"] == 2


def test_doctor_lists_every_invalid_setting(tmp_path: Path) -> None:
    (tmp_path / "broadsheet.toml").write_text("edition_sizes = 5\ncolour = 'red'\n")
    done = broadsheet(tmp_path, "doctor", BROADSHEET_TIMEZNE="UTC")
    assert done.returncode == 1
    assert "did you mean BROADSHEET_TIMEZONE?" in done.stdout
    assert "did you mean 'edition_size'?" in done.stdout
    assert "'colour'" in done.stdout
    assert done.stdout.endswith("3 errors\n")


def test_merges_are_listed_and_undone(tmp_path: Path) -> None:
    files = (
        ("archived.jsonl", '{"id": "2603.00001", "title": "Kites at dusk", "abstract": "Wind."}'),
        ("printed.bib", "@article{a, title={Flying after sunset}, doi={10.1234/dusk}}"),
        ("both.bib", "@article{b, title={Kites}, doi={10.1234/dusk}, eprint={2603.00001}}"),
    )
    for name, text in files:
        (tmp_path / name).write_text(text + "\n")
        broadsheet(tmp_path / "data", "import", str(tmp_path / name))
    assert "Flying after sunset" in broadsheet(tmp_path / "data", "merges").stdout
    done = broadsheet(tmp_path / "data", "unmerge", "1")
    assert "are separate papers" in done.stdout
    (listed,) = json.loads(broadsheet(tmp_path / "data", "merges", "--json").stdout)
    assert listed["undone_at"]
    again = broadsheet(tmp_path / "data", "unmerge", "1")
    assert (again.returncode, "already undone" in again.stderr) == (1, True)


def test_version_and_debug_are_global_options(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "broadsheet", "--version"], capture_output=True, text=True
    )
    assert re.fullmatch(r"broadsheet \d+\.\d+\.\d+\n", done.stdout)
    words = [sys.executable, "-m", "broadsheet", "--debug", "send", "--data", str(tmp_path)]
    traced = subprocess.run(words, capture_output=True, text=True)
    assert "Traceback" in traced.stderr
    assert "NoLibraryError" in traced.stderr


def test_help_imports_neither_the_library_nor_its_dependencies() -> None:
    code = (
        "import sys\nsys.argv = ['broadsheet', '--help']\nfrom broadsheet.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
        "print('library' if 'broadsheet.library' in sys.modules else 'lazy')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    *_, modules, library = done.stdout.splitlines()
    heavy = {"numpy", "sqlalchemy", "alembic", "tantivy", "fastapi", "httpx2", "pydantic", "lxml"}
    heavy |= {"starlette", "uvicorn", "jinja2", "tokenizers", "usearch", "email", "statistics"}
    assert not heavy & set(modules.split())
    assert library == "lazy"


def test_config_show_hides_secrets_and_names_origins(tmp_path: Path) -> None:
    (tmp_path / "broadsheet.toml").write_text("title = 'Kites'\n")
    secret = {
        "BROADSHEET_SMTP": "smtp://ada:hunter2@mail.example",
        "BROADSHEET_MIRROR": "https://ada:hunter2@mirror.example/a@b",
        "BROADSHEET_X": "1",
    }
    done = broadsheet(tmp_path, "config", "show", "--json", **secret)
    shown = json.loads(done.stdout)
    assert shown["smtp"] == {"value": "(hidden)", "origin": "variable BROADSHEET_SMTP"}
    assert shown["mirror"]["value"] == "https://(hidden)@mirror.example/a@b"
    assert shown["title"]["value"] == "Kites"
    assert shown["github_key"] == {"value": None, "origin": "default"}
    assert shown["base_url"] == {"value": None, "origin": "default"}
    assert (shown["publish_at"]["value"], shown["access_log"]["value"]) == ("06:00", "false")
    text = broadsheet(tmp_path, "config", "show", **secret)
    assert "hunter2" not in done.stdout + text.stdout + text.stderr
    assert "BROADSHEET_X names no setting" in text.stderr


def test_a_misspelled_variable_stops_with_a_suggestion(tmp_path: Path) -> None:
    done = broadsheet(tmp_path, "search", "kites", BROADSHEET_TIMEZNE="UTC")
    assert (done.returncode, "did you mean BROADSHEET_TIMEZONE?" in done.stderr) == (1, True)


def test_a_search_says_which_part_of_a_long_query_it_uses(tmp_path: Path) -> None:
    Library(settings_in(tmp_path)).close()
    done = broadsheet(tmp_path, "search", " ".join(f"year:{year}" for year in range(1950, 2010)))
    assert "only its first 32 filters" in " ".join(done.stderr.split())


def test_fetch_without_sources_says_so_in_one_sentence(tmp_path: Path) -> None:
    result = broadsheet(tmp_path, "fetch", BROADSHEET_SOURCES="none")
    assert result.returncode == 0
    assert result.stderr.strip().splitlines()[-1:] == [
        "nothing is fetched, because the setting 'sources' is none: name sources there, or in the "
        "command, as in 'broadsheet fetch arxiv'"
    ]
