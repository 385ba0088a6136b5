"""Each source fails for a day in each way: the failure is reported, and the next day fills it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from broadsheet.config import load_settings
from broadsheet.ingest.run import FetchReport
from broadsheet.library import Library
from broadsheet.store import source_state
from tests.services import Services
from tests.world import A_DAY, Fault, World

_LOOKUPS = ("openalex", "semanticscholar", "crossref", "github", "hub")
_SIGNALS = ("hn", "reddit", "bluesky", *_LOOKUPS)
_SOURCES = ("arxiv", "arxiv-feed", "hf", "biorxiv", "medrxiv", *_SIGNALS)
_FAULTY_DAY = date(2026, 3, 11)
_MORNING = time(6)


class Newsroom:
    """A library that fetches from the world each morning."""

    def __init__(self, world: World, folder: Path, mirror: str) -> None:
        self.world = world
        settings = load_settings(
            {
                "data": folder,
                "rerank": False,
                "mirror": mirror,
                "sources": " ".join(_SOURCES),
                "openalex_key": "key",
                "semanticscholar_key": "key",
                "github_key": "key",
            },
            environment={},
        )
        self.library = Library(settings, clock=lambda: self.now)

    @property
    def now(self) -> datetime:
        return datetime.combine(self.world.today, _MORNING, UTC)

    def fetch(self, *names: str) -> dict[str, FetchReport]:
        return {report.source: report for report in self.library.sources.fetch(names)}

    def add_history(self, name: str) -> None:
        """Insert four weeks of day counts."""
        queried = A_DAY if name in _LOOKUPS else None
        with self.library._database.write() as connection:
            for n in range(2, 30):
                day = _FAULTY_DAY - timedelta(days=n)
                source_state.count_day(connection, name, day, A_DAY, queried=queried)

    def papers_from(self, name: str, day: date) -> set[str]:
        """Return the papers of a day with records or signals of a source."""
        papers = set()
        for one in self.world.items_of(day):
            names = [f"arxiv:{one.arxiv}", f"doi:{one.preprint_doi}"]
            names.append(f"doi:{one.preprint_doi.replace('10.1101', '10.64898')}")
            for known in filter(self.library.has_paper, names):
                sources = {source for source, _, _ in self.library.records(known)}
                signals = self.library.signals(known)
                sources |= {signal.source.partition(":")[0] for signal in signals}
                if name in sources:
                    papers.add(one.arxiv)
        return papers


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with Services() as services:
        made = Newsroom(World(services), tmp_path, services.address)
        with made.library:
            yield made


def _cases() -> list[tuple[str, Fault]]:
    # A repository that has as many stars as yesterday is nothing to notice.
    unnoticed = {("github", Fault.FROZEN), ("hub", Fault.FROZEN)}
    return [(name, fault) for name in _SOURCES for fault in Fault if (name, fault) not in unnoticed]


@pytest.mark.parametrize(("name", "fault"), _cases())
def test_a_day_of_failure_is_reported_and_filled_the_day_after(
    newsroom: Newsroom, name: str, fault: Fault
) -> None:
    world, library = newsroom.world, newsroom.library
    backfill = "arxiv"
    for day in (_FAULTY_DAY - timedelta(days=1), _FAULTY_DAY):
        world.today = day
        newsroom.add_history(name)
        if day == _FAULTY_DAY:
            world.faults[name] = fault
        # The archive backfills the feed.
        if name != backfill and not (name == "arxiv-feed" and world.faults):
            newsroom.fetch(backfill)
        report = newsroom.fetch(name)[name]

    missed = _FAULTY_DAY if name in ("arxiv", "arxiv-feed", *_LOOKUPS) else day - timedelta(days=1)
    assert [gap.day for gap in report.gaps] == [missed]
    assert library.sources.ready(_FAULTY_DAY) is False or name in _SIGNALS
    assert any(not one.ok and name in one.text for one in library.diagnose())
    note = library.editions.publish(_FAULTY_DAY).note
    assert note
    assert name in note

    world.today = _FAULTY_DAY + timedelta(days=1)
    world.faults.clear()
    newsroom.fetch(backfill)
    report = newsroom.fetch(name)[name]
    assert not report.gaps
    assert [gap.day for gap in report.closed_gaps] == [missed] or name == backfill
    assert not library.sources.gaps()
    filled = newsroom.papers_from(backfill if name == "arxiv-feed" else name, missed)
    assert len(filled) == A_DAY
    assert library.editions.publish(world.today).note is None


def test_a_failing_feed_is_reported_although_the_archive_has_its_papers(
    newsroom: Newsroom,
) -> None:
    newsroom.world.today = _FAULTY_DAY
    newsroom.world.faults = {"arxiv-feed": Fault.BLANK}
    report = newsroom.fetch("arxiv", "arxiv-feed")["arxiv-feed"]
    assert ([gap.day for gap in report.closed_gaps], report.gaps) == ([_FAULTY_DAY], [])
    (state,) = (one for one in newsroom.library.sources.states() if one.name == "arxiv-feed")
    assert [gap.reason for gap in state.closed_gaps] == ["no records"]
    assert newsroom.library.editions.publish(_FAULTY_DAY).note is None


def test_a_weekend_without_records_is_not_a_gap(newsroom: Newsroom) -> None:
    for n in range(5, 9):
        newsroom.world.today = date(2026, 3, n)
        reports = newsroom.fetch("arxiv", "arxiv-feed", "hf")
        assert [gap for report in reports.values() for gap in report.gaps] == []


def test_a_failing_source_does_not_stop_the_others(newsroom: Newsroom) -> None:
    newsroom.world.today = _FAULTY_DAY
    newsroom.world.faults = {"arxiv": Fault.RENAMED, "hf": Fault.RENAMED}
    reports = newsroom.fetch()
    assert {name for name, report in reports.items() if report.error} == {"arxiv", "hf"}
    assert reports["biorxiv"].tally.new
