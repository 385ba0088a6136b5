"""The clock fetches what is due, and prints the edition when its papers are there."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from broadsheet.config import Settings, load_settings
from broadsheet.library import Library
from broadsheet.model import Period
from broadsheet.rules.normalize import make_paper
from broadsheet.serve.jobs import library_jobs
from broadsheet.serve.runner import run_once
from tests.services import Services
from tests.world import Fault, World

_DAY = date(2026, 3, 11)


def run_fetch(library: Library) -> None:
    run_once(job for job in library_jobs(library) if job.name == "fetch")


def run_all_but_fetch(library: Library) -> None:
    run_once(job for job in library_jobs(library) if job.name != "fetch")


class Clocked:
    """A library with a clock that can be set, in a world of services."""

    def __init__(self, folder: Path, services: Services) -> None:
        self.world = World(services)
        self.world.today = _DAY
        self.now = datetime(2026, 3, 11, 5, 50, tzinfo=UTC)
        settings = load_settings(
            {
                "data": folder,
                "rerank": False,
                "sources": "arxiv hf",
                "mirror": services.address,
                "hold_hours": 2,
            },
            environment={},
        )
        self.library = Library(settings, clock=lambda: self.now)

    def at(self, hour: int, minute: int) -> None:
        self.now = self.now.replace(hour=hour, minute=minute)


@pytest.fixture
def clocked(tmp_path: Path) -> Iterator[Clocked]:
    with Services() as services:
        made = Clocked(tmp_path, services)
        with made.library:
            yield made


def test_the_edition_is_printed_at_its_hour_when_all_was_fetched(clocked: Clocked) -> None:
    run_fetch(clocked.library)
    run_all_but_fetch(clocked.library)
    assert not clocked.library.editions.exists(_DAY)
    clocked.at(6, 0)
    run_all_but_fetch(clocked.library)
    edition = clocked.library.editions.read()
    assert (edition.date, edition.note) == (_DAY, None)
    assert len(edition.items) == 20


def test_an_edition_waits_for_a_missing_day_and_is_printed_when_it_has_come(
    clocked: Clocked,
) -> None:
    clocked.world.faults = {"hf": Fault.BLANK}
    run_fetch(clocked.library)
    clocked.at(6, 0)
    run_all_but_fetch(clocked.library)
    assert not clocked.library.editions.exists(_DAY)
    clocked.world.faults = {}
    clocked.at(7, 0)
    run_fetch(clocked.library)
    run_all_but_fetch(clocked.library)
    assert clocked.library.editions.read().note is None


def test_an_edition_waits_no_longer_than_was_set_and_says_what_it_lacks(clocked: Clocked) -> None:
    clocked.world.faults = {"hf": Fault.RENAMED}
    run_fetch(clocked.library)
    clocked.at(7, 59)
    run_all_but_fetch(clocked.library)
    assert not clocked.library.editions.exists(_DAY)
    clocked.at(8, 0)
    run_all_but_fetch(clocked.library)
    note = clocked.library.editions.read().note
    assert note == (
        "Made while hf had not brought 10 March; what is missing follows in a later edition."
    )


def test_a_day_without_news_has_no_edition_until_some_comes(settings: Settings) -> None:
    hands = [datetime(2026, 3, 10, 9, tzinfo=UTC)]
    with Library(settings, clock=lambda: hands[0]) as library:
        library.add("test", [make_paper(title="Old kites", published="2026-03-09")])
        library.editions.publish()
        hands[0] = datetime(2026, 3, 11, 6, tzinfo=UTC)
        run_all_but_fetch(library)
        assert not library.editions.exists(_DAY)
        library.add("test", [make_paper(title="Kites at dawn", published="2026-03-11")])
        hands[0] += timedelta(minutes=30)
        run_all_but_fetch(library)
        assert not library.editions.exists(_DAY)
        hands[0] += timedelta(minutes=30)
        run_all_but_fetch(library)
        assert [item.title for item in library.editions.read(_DAY).items] == ["Kites at dawn"]


def test_an_edition_waits_for_sources_that_were_not_fetched_yet(clocked: Clocked) -> None:
    clocked.at(6, 0)
    run_all_but_fetch(clocked.library)
    assert not clocked.library.editions.exists(_DAY)
    run_fetch(clocked.library)
    run_all_but_fetch(clocked.library)
    assert clocked.library.editions.exists(_DAY)


def test_a_source_is_fetched_when_it_is_due_and_not_before(clocked: Clocked) -> None:
    def fetched() -> int:
        states = {state.name: state for state in clocked.library.sources.states()}
        asked_at = states["hf"].asked_at
        return asked_at.hour if asked_at else -1

    for hour, minute in ((5, 50), (6, 0), (8, 49)):
        clocked.at(hour, minute)
        run_fetch(clocked.library)
        assert fetched() == 5
    clocked.at(8, 50)
    run_fetch(clocked.library)
    assert fetched() == 8


def test_a_failing_fetch_is_logged_and_stops_nothing(
    clocked: Clocked, caplog: pytest.LogCaptureFixture
) -> None:
    clocked.world.faults = {"arxiv": Fault.RENAMED}
    with caplog.at_level(logging.WARNING):
        run_fetch(clocked.library)
    assert "is gone (status 404)" in caplog.text
    states = {state.name: state for state in clocked.library.sources.states()}
    assert states["hf"].succeeded_at == clocked.now
    assert states["arxiv"].next_at == clocked.now + timedelta(minutes=15)


def test_a_wrong_name_in_the_settings_stops_no_other_source(
    tmp_path: Path, clocked: Clocked
) -> None:
    settings = clocked.library.settings.model_copy(
        update={"data": tmp_path / "other", "sources": "arxive hf"}
    )
    with Library(settings, clock=lambda: clocked.now) as library:
        run_fetch(library)
        wrong, right = library.sources.states()
        assert "there is no source 'arxive'" in str(wrong.error)
        assert right.succeeded_at == clocked.now
        assert any("'arxive'" in one.text and not one.ok for one in library.diagnose())


def test_an_evening_edition_waits_past_midnight(clocked: Clocked) -> None:
    settings = clocked.library.settings.model_copy(update={"publish_at": time(23), "hold_hours": 3})
    with Library(settings, clock=lambda: clocked.now) as library:
        clocked.world.faults = {"hf": Fault.RENAMED}
        clocked.at(22, 55)
        run_fetch(library)
        for _ in range(3):
            clocked.now += timedelta(hours=1)
            run_all_but_fetch(library)
            assert not library.editions.exists(_DAY)
        clocked.now += timedelta(minutes=10)
        run_all_but_fetch(library)
        assert library.editions.read().date == _DAY
        assert not library.editions.exists(_DAY + timedelta(days=1))


def test_yesterdays_edition_is_not_made_up_for_the_day_after(clocked: Clocked) -> None:
    run_fetch(clocked.library)
    clocked.now += timedelta(days=1)
    clocked.world.today += timedelta(days=1)
    run_fetch(clocked.library)
    clocked.at(12, 0)
    run_all_but_fetch(clocked.library)
    assert clocked.library.editions.periods() == [Period(_DAY + timedelta(days=1))]


def test_a_source_that_was_long_not_fetched_is_told_of(clocked: Clocked) -> None:
    run_fetch(clocked.library)
    clocked.now += timedelta(days=10)
    told = [one.text for one in clocked.library.diagnose() if not one.ok]
    assert any("hf was fetched 10 days ago" in text for text in told)
    assert not clocked.library.sources.ready(clocked.now.date())
    note = clocked.library.editions.publish().note
    assert note
    assert "hf had not been fetched for a day" in note


def test_sources_of_attention_alone_hold_no_edition(clocked: Clocked, tmp_path: Path) -> None:
    settings = clocked.library.settings.model_copy(
        update={"data": tmp_path / "more", "sources": "arxiv hf hn openalex feed:https://x.example"}
    )
    with Library(settings, clock=lambda: clocked.now) as library:
        clocked.world.faults = {"hn": Fault.RENAMED}
        run_fetch(library)
        clocked.at(6, 0)
        run_all_but_fetch(library)
        assert "hn had not brought 10 March" in str(library.editions.read().note)


def test_a_quiet_day_is_nothing_to_mend(settings: Settings) -> None:
    hands = [datetime(2026, 3, 10, 9, tzinfo=UTC)]
    with Library(settings, clock=lambda: hands[0]) as library:
        library.add("test", [make_paper(title="Old kites", published="2026-03-09")])
        library.editions.publish()
        hands[0] += timedelta(days=1)
        assert any("today has no edition" in one.text for one in library.diagnose())
        library.editions.publish()
        assert any("nothing new has come today" in one.text for one in library.diagnose())
