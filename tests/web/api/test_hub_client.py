"""The hub's own client and its command, unchanged, on a real server."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import uvicorn
from huggingface_hub import HfApi
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

from broadsheet.library import Library
from broadsheet.web.app import create_app
from tests.web.api.hub_library import BRIDGES, KITES, LAMPS, RIVERS, fill

HF = Path(sys.executable).with_name("hf")


@pytest.fixture
def library(empty_library: Library) -> Library:
    fill(empty_library)
    empty_library.trending.update()
    return empty_library


@pytest.fixture
def address(library: Library) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(create_app(library), log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture
def api(address: str) -> HfApi:
    return HfApi(endpoint=address, token=False)


class Hf:
    """The command `hf papers` of a person who never used it before."""

    def __init__(self, endpoint: str, home: Path) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        self._environment = kept | {
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "HOME": str(home),
            "NO_COLOR": "1",
        }

    def outputs(self, lines: list[list[str]]) -> tuple[set[str], list[str]]:
        """Run many commands in one process; return the options there are, and each output."""
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("hub_commands.py")],
            input=orjson.dumps(lines),
            env=self._environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        report = orjson.loads(done.stdout)
        return set(report["options"]), report["outputs"]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [HF, "papers", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def output(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ids(self, *words: str) -> list[str]:
        return [one["id"] for one in orjson.loads(self.output(*words, "--format", "json"))]


@pytest.fixture
def hf(address: str, tmp_path: Path) -> Hf:
    if not HF.exists():
        pytest.skip("the command hf is not installed beside this Python")
    return Hf(address, tmp_path / "hf")


def test_the_client_lists_daily_papers(api: HfApi) -> None:
    def ids(**query: str | int) -> list[str]:
        return [info.id for info in api.list_daily_papers(**query)]  # type: ignore[arg-type]

    kites, lamps, rivers, bridges = "2602.00001", "2602.00002", "hep-th/9901001", BRIDGES.id
    assert ids() == [bridges, rivers, kites, lamps]
    assert ids(date="2026-02-16") == [kites, lamps]
    assert ids(week="2026-W08") == [rivers, kites, lamps]
    assert ids(month="2026-03") == [bridges]
    assert ids(submitter="ada") == [kites]
    assert ids(date="2026-02-18") == []
    assert ids(p=1, limit=3) == [lamps]
    assert set(ids(sort="trending", limit=2)) == {kites, lamps}


def test_the_client_reads_all_fields_of_a_daily_paper(api: HfApi) -> None:
    (info,) = api.list_daily_papers(submitter="ada")
    assert (info.title, info.summary) == (KITES.title, KITES.abstract)
    assert [author.name for author in info.authors or ()] == list(KITES.authors)
    assert info.published_at == datetime(2026, 2, 13, tzinfo=UTC)
    assert info.submitted_at == datetime(2026, 2, 17, tzinfo=UTC)
    assert info.submitted_by is not None
    assert (info.submitted_by.username, info.submitted_by.fullname) == ("ada", "ada")
    assert (info.upvotes, info.comments, info.github_stars) == (42, 3, 1200)
    assert (info.github_repo, info.ai_summary) == (KITES.code_url, KITES.summary)


def test_the_client_searches(api: HfApi) -> None:
    found = [info.id for info in api.list_papers(query="kites")]
    assert found[0] == "2602.00001"
    assert [info.id for info in api.list_papers(query="kites", limit=1)] == found[:1]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("2602.00001v2", KITES.title),
        ("hep-th/9901001", RIVERS.title),
        ("doi:10.1000/bridges", BRIDGES.title),
    ],
)
def test_the_client_returns_a_paper_and_its_markdown(api: HfApi, query: str, title: str) -> None:
    info = api.paper_info(query)
    assert info.title == title
    assert info.published_at == datetime(2026, 2, 13, tzinfo=UTC)
    assert api.read_paper(info.id).startswith(f"# {title}\n")


def test_the_client_tells_who_put_a_paper_forward(api: HfApi) -> None:
    info = api.paper_info("2602.00001")
    assert info.submitted_by is not None
    assert info.submitted_by.username == "ada"
    assert info.submitted_at == datetime(2026, 2, 15, 12, tzinfo=UTC)
    assert (info.upvotes, info.comments, info.github_stars) == (42, 3, 1200)


def test_the_client_shows_the_reason_of_an_error(api: HfApi) -> None:
    with pytest.raises(BadRequestError, match="Invalid day; the format is 2026-02-20"):
        list(api.list_daily_papers(date="2026-02-30"))
    with pytest.raises(BadRequestError, match="'limit' must be an integer from 1 to 100"):
        list(api.list_daily_papers(limit=500))
    with pytest.raises(BadRequestError, match="'q' is required"):
        list(api.list_papers())
    for ask in (api.paper_info, api.read_paper):
        with pytest.raises(HfHubHTTPError, match="No paper in this library has this id") as refused:
            ask("2602.09999")
        assert refused.value.response.status_code == 404


def test_the_command_lists_searches_and_shows_papers(hf: Hf) -> None:
    every = [BRIDGES.id, "hep-th/9901001", "2602.00001", "2602.00002"]
    assert hf.ids("ls") == every
    assert hf.output("read", "hep-th/9901001").startswith(f"# {RIVERS.title}\n")
    listed = {
        "list --week 2026-W08 --sort trending": every[1:],
        "ls --month 2026-02 --submitter ada": every[2:3],
        "ls --date 2026-02-16 --limit 1": every[2:3],
        "search kites --limit 1": every[2:3],
    }
    more = (["ls", "--submitter", "ada", "--no-truncate"], ["info", "2602.00002", "--json"])
    _, outputs = hf.outputs([*(f"{line} --json".split() for line in listed), *more])
    for output, ids in zip(outputs, listed.values(), strict=False):
        assert [one["id"] for one in orjson.loads(output)] == ids
    for shown in ("2602.00001", KITES.title, "42", "3", "2026-02-13", "ada"):
        assert shown in outputs[-2]
    assert orjson.loads(outputs[-1])["title"] == LAMPS.title


def test_the_command_shows_errors(hf: Hf) -> None:
    unknown = hf.run("info", "2602.09999")
    assert unknown.returncode != 0
    assert "Paper '2602.09999' not found" in unknown.stderr
    no_day = hf.run("ls", "--date", "2026-02-30")
    assert no_day.returncode != 0
    assert "Invalid day; the format is 2026-02-20." in no_day.stderr


# Every subcommand with every option that it documents, and part of the output.
COMMANDS = {
    "list --date 2026-02-16": "2602.00001",
    "ls --date today": "",
    "ls --week 2026-W08": "hep-th/9901001",
    "ls --month 2026-03": "doi:10.1000/",
    "ls --submitter ada": "2602.00001",
    "ls --sort publishedAt": "hep-th/9901001",
    "ls --sort trending": "2602.00002",
    "ls --limit 1": "doi:10.1000/",
    "ls --token hf_abc": "2602.00001",
    "search kites": "2602.00001",
    "search kites --limit 1": "2602.00001",
    "search kites --token hf_abc": "2602.00001",
    "info 2602.00001": "2602.00001",
    "info 2602.00001 --token hf_abc": "2602.00001",
    "read 2602.00001": "On the growth of kites",
    "read 2602.00001 --token hf_abc": "On the growth of kites",
}
FORMATS = ("", "--format human", "--format agent", "--format json", "--json", "--no-truncate")


def test_every_command_and_option_of_hf_papers_works(hf: Hf) -> None:
    lines = [f"{command} {form}".split() for command in COMMANDS for form in FORMATS]
    quiet = [["ls", "-q"], ["ls", "--quiet"], ["search", "kites", "--format", "quiet"]]
    options, outputs = hf.outputs([*lines, *quiet])
    expected = [part for part in COMMANDS.values() for _ in FORMATS]
    for words, part, output in zip(lines, expected, outputs, strict=False):
        # The client itself prints no text as JSON.
        is_text_as_json = words[0] == "read" and bool({"json", "--json"} & set(words))
        assert part in output or is_text_as_json, words
    for listed in outputs[len(lines) :]:
        assert "2602.00001" in listed.split()
    used = {f"{words[0]} {option}" for words in lines for option in words if "--" in option}
    documented = {option.replace("list | ls", "ls") for option in options if "--help" not in option}
    assert documented <= used


def test_every_method_of_the_client_about_papers_is_tested() -> None:
    methods = {name for name in dir(HfApi) if "paper" in name and not name.startswith("_")}
    assert methods == {"list_daily_papers", "list_papers", "paper_info", "read_paper"}


def test_the_client_works_with_a_token_of_the_hub(address: str) -> None:
    api = HfApi(endpoint=address, token="hf_abc")
    assert api.paper_info("2602.00001").title == KITES.title
    assert api.read_paper("2602.00001").startswith("# ")
    assert [info.id for info in api.list_papers(query="kites", limit=1, token="hf_abc")]
    assert [info.id for info in api.list_daily_papers(limit=1, token="hf_abc")]
