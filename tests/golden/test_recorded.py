"""Run `broadsheet fetch` for every source against the recorded services.

The commands run in parallel, as each takes a second to start; each test waits for its own.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.model import Kind
from broadsheet.sources.registry import NAMES
from tests.cli.test_cli import broadsheet
from tests.recordings import FEED, SEEDS, answer_as_recorded, seeded
from tests.services import Services

Runs = Mapping[str, Future[tuple[Path, list[CompletedProcess[str]]]]]

_KEYS = ("OPENALEX", "SEMANTICSCHOLAR", "GITHUB", "HUB", "ZOTERO")
SETTINGS = {f"BROADSHEET_{name}_KEY": "a-key" for name in _KEYS} | {
    "BROADSHEET_CATEGORIES": "cs.LG cs.AI cs.CL stat.ML",
    "BROADSHEET_RERANK": "false",
    "BROADSHEET_SOURCES": "arxiv arxiv-feed hf openalex semanticscholar crossref biorxiv medrxiv "
    f"acl github hub hn reddit bluesky feed:{FEED} zotero:users/1",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A fetch, and the non-zero counts of its first and second run.

    Facts are a paper's id, a field of the source's record or a kind of signal, and its value or one
    of its values. Fetches with an argument or invented replies share a command.
    """

    words: str
    came: dict[str, int]
    again: dict[str, int] = field(default_factory=dict)
    facts: tuple[tuple[str, str, object], ...] = ()
    newest: date | None = None
    is_invented: bool = False

    @property
    def source(self) -> str:
        return self.words.partition(" ")[0]

    @property
    def command(self) -> str:
        return "shared" if self.is_invented or self.source not in NAMES else self.source


VISITS = (
    Visit(
        # A limit, as without one the days since the recording would be missed.
        "arxiv --since 2026-09-25 --limit 1000",
        {"new": 2},
        {"unchanged": 2},
        (
            ("arxiv:2609.28570", "published", "2026-09-23"),
            ("arxiv:2004.09073", "title", "CatSIM: A Categorical Image Similarity Metric"),
            ("arxiv:2004.09073", "version", 2),
        ),
        date(2026, 9, 25),
    ),
    Visit(
        "arxiv-feed --until 2026-09-24",
        {"new": 3},
        {"unchanged": 3},
        (
            ("arxiv:2609.26811", "authors", "Fabien Polly"),
            ("arxiv:2205.06398", "doi", "10.1093/bioinformatics/btac431"),
        ),
        date(2026, 9, 24),
    ),
    Visit(
        "arxiv-atom:0808.05394,1707.08567",
        {"new": 1, "skipped": 1},
        {"unchanged": 1, "skipped": 1},
        (("arxiv:1707.08567", "categories", "cs.IT"),),
    ),
    Visit(
        "1605.08386",
        {"new": 1},
        {"unchanged": 1},
        (("arxiv:1605.08386", "title", "Heat-bath random walks with Markov bases"),),
    ),
    Visit(
        "hf --since 2026-08-21 --until 2026-08-21",
        {"new": 17, "signals": 46},
        {"unchanged": 17, "signals": 46},
        (
            ("arxiv:2608.19880", Kind.UPVOTES, 163),
            ("arxiv:2608.19880", Kind.STARS, 8),
            ("arxiv:2608.19880", "code_url", "https://github.com/google-research/envharness"),
        ),
        date(2026, 8, 21),
    ),
    Visit(
        "openalex",
        {"merged": 9, "signals": 8},
        facts=(
            ("doi:10.1016/j.addr.2015.01.008", Kind.CITATIONS, 750),
            ("doi:10.1073/pnas.1414271111", "ids", "openalex:W2109415576"),
            # Of the preprint and the printed version, which are two works there, the larger.
            ("arxiv:2304.05376", Kind.CITATIONS, 236),
        ),
    ),
    Visit(
        "openalex:type:article",
        {"new": 2},
        {"unchanged": 2},
        (("doi:10.1038/s41587-020-0561-9", "ids", "openalex:W3035764705"),),
        date(2021, 5, 19),
    ),
    Visit(
        "semanticscholar",
        {"merged": 9, "signals": 9},
        facts=(
            ("arxiv:1706.03762", "title", "Attention is All you Need"),
            ("arxiv:1706.03762", Kind.CITATIONS, 136_941),
            ("doi:10.2139/ssrn.2250500", Kind.CITATIONS, 2_185),
            ("doi:10.2139/ssrn.2250500", "related", "s2:3e9bc879e8ba944d3e830e4b8565dfe6f2ec4bd8"),
        ),
    ),
    Visit(
        "crossref",
        {"merged": 6, "signals": 6},
        facts=(
            ("doi:10.1016/j.addr.2015.01.008", Kind.CITATIONS, 724),
            ("doi:10.1016/j.addr.2015.01.008", "venue", "Advanced Drug Delivery Reviews"),
            ("doi:10.1073/pnas.1414271111", "notice", "corrected"),
        ),
    ),
    Visit(
        "10.1371/journal.pone.0033693",
        {"merged": 1, "signals": 1},
        {"unchanged": 1, "signals": 1},
        (("doi:10.1371/journal.pone.0033693", Kind.CITATIONS, 72),),
    ),
    Visit(
        "github",
        {"signals": 2, "skipped": 1},
        facts=(("arxiv:2603.00001", Kind.STARS, 7_122), ("arxiv:2603.00002", Kind.STARS, 0)),
    ),
    Visit("hub", {"signals": 1}, facts=(("arxiv:2603.00005", Kind.LIKES, 9_415),)),
    # The recorded stories are of 2012 to 2020, and link to no paper.
    Visit("hn --since 2016-10-11 --until 2016-10-11", {}, newest=date(2016, 10, 11)),
    Visit(
        f"feed:{FEED}",
        {"new": 6},
        {"unchanged": 6},
        (("arxiv:2607.23802", "published", "2026-07-26"),),
        date(2026, 7, 31),
    ),
    Visit("biorxiv", {"new": 3}, {"unchanged": 3}, is_invented=True),
    Visit("medrxiv", {"new": 3}, {"unchanged": 3}, is_invented=True),
    Visit(
        "reddit",
        {"signals": 3},
        {"signals": 3},
        (("arxiv:2603.00001", Kind.POSTS, 1),),
        is_invented=True,
    ),
    Visit(
        "bluesky",
        {"signals": 9},
        {"signals": 9},
        (("arxiv:2603.00001", Kind.LIKES, 3), ("arxiv:2603.00001", Kind.COMMENTS, 2)),
        is_invented=True,
    ),
    Visit(
        "acl:2026.kites-long",
        {"new": 1},
        {"unchanged": 1},
        (("acl:2026.kites-long.1", "title", "Kites in Proceedings"),),
        is_invented=True,
    ),
    Visit(
        "zotero:users/1",
        {"new": 1},
        facts=(("doi:10.1000/kites.7", "title", "Kites on a shelf"),),
        is_invented=True,
    ),
)
COMMANDS = {
    one.command: [visit for visit in VISITS if visit.command == one.command] for one in VISITS
}


def reports(done: CompletedProcess[str]) -> list[dict[str, Any]]:
    """Parse the output of `fetch --json`."""
    assert "Traceback" not in done.stdout + done.stderr
    output = json.loads(done.stdout)
    assert isinstance(output, list)
    return output


@pytest.fixture(scope="module")
def runs(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Run each command with its sources named twice, and `fetch` of all sources twice."""
    folder = tmp_path_factory.mktemp("recorded")
    origin = seeded(folder)

    def run(name: str, *commands: str) -> tuple[Path, list[CompletedProcess[str]]]:
        data = shutil.copytree(origin, folder / name)
        with Services() as services:
            answer_as_recorded(services, shared / "data" / "api")
            variables = SETTINGS | {"BROADSHEET_MIRROR": services.address}
            return data, [broadsheet(data, *words.split(), **variables) for words in commands]

    commands_of: dict[str, tuple[str, ...]] = {"all": ("fetch --json", "fetch --json", "doctor")}
    for name, visits in COMMANDS.items():
        named = [*(visit.source for visit in visits), *(visit.words for visit in visits)]
        commands_of[name] = (f"fetch {' '.join(named)} --json",)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(run, name, *commands) for name, commands in commands_of.items()}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.source)
def test_a_source_stores_the_recorded_data_once(runs: Runs, visit: Visit) -> None:
    data, (done,) = runs[visit.command].result()
    assert done.returncode == 0, done.stderr
    visits = COMMANDS[visit.command]
    output = reports(done)[visits.index(visit) :: len(visits)]
    for report, came in zip(output, (visit.came, visit.again), strict=True):
        assert (report["error"], report["gaps"]) == (None, [])
        counts = report["tally"] | {
            name: report[name] for name in ("signals", "unmatched", "skipped")
        }
        assert {name: count for name, count in counts.items() if count} == came
    name = report["source"]
    with Library(load_settings({"data": data, "sources": name}, environment={})) as library:
        new = sum(one.came.get("new", 0) for one in visits)
        assert library.health().papers == len(SEEDS) + new
        for paper_id, what, value in visit.facts:
            known = _fact(library, name, paper_id, what)
            assert value in known if isinstance(known, tuple) else value == known
        (state,) = library.sources.states()
        assert visit.newest in (state.newest, None)


def _fact(library: Library, source: str, paper_id: str, what: str) -> object:
    if isinstance(what, Kind):
        service = source.partition(":")[0]
        signals = [one for one in library.signals(paper_id) if one.source.startswith(service)]
        return [one.value for one in signals if one.kind is what][-1]
    (record,) = [paper for name, paper, _ in library.records(paper_id) if name == source]
    return getattr(record, what)


def test_all_sources_report_old_days_and_store_nothing_twice(runs: Runs) -> None:
    data, (first, second, doctor) = runs["all"].result()
    assert [first.returncode, second.returncode, doctor.returncode] == [1, 1, 0]
    names = SETTINGS["BROADSHEET_SOURCES"].split()
    came, again = reports(first), reports(second)
    assert [one["source"] for one in came] == [one["source"] for one in again] == names
    assert not any(one["error"] for one in (*came, *again))
    assert not any(one["tally"]["new"] or one["tally"]["merged"] for one in again)
    with Library(load_settings({"data": data}, environment={})) as library:
        assert library.health().papers == len(SEEDS) + sum(one["tally"]["new"] for one in came)
    # The recordings are of September; what should have come since did not.
    for output in (first.stderr, second.stderr, doctor.stdout):
        assert "arxiv has gaps on " in output
        assert "none newer than 2026-09-25" in output
        assert all(name in output for name in names)
