"""The jobs: fetch what is due, and publish the edition when its sources are fetched."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from broadsheet.config import Settings, load_settings
from broadsheet.library import Library
from broadsheet.model import STARTER, Period
from broadsheet.rules.normalize import make_paper
from broadsheet.serve.jobs import library_jobs
from broadsheet.serve.runner import run_once
from tests.services import Services
from tests.world import Fault, World

_DAY = date(2026, 3, 11)


def fetch(library: Library) -> None:
    run_once(job for job in library_jobs(library) if job.name == "fetch")


def publish(library: Library) -> None:
    run_once(job for job in library_jobs(library) if job.name == "publish")


class Site:
    """A library with a settable clock, whose sources fetch from simulated services."""

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
def site(tmp_path: Path) -> Iterator[Site]:
    with Services() as services:
        opened = Site(tmp_path, services)
        with opened.library:
            yield opened


def test_the_edition_is_published_at_its_time_if_all_sources_were_fetched(site: Site) -> None:
    fetch(site.library)
    publish(site.library)
    assert not site.library.editions.exists(_DAY)
    site.at(6, 0)
    publish(site.library)
    edition = site.library.editions.read()
    assert (edition.date, edition.note) == (_DAY, None)
    assert len(edition.items) == 20


def test_an_edition_waits_for_a_missing_day_until_it_is_fetched(
    site: Site,
) -> None:
    site.world.faults = {"hf": Fault.BLANK}
    fetch(site.library)
    site.at(6, 0)
    publish(site.library)
    assert not site.library.editions.exists(_DAY)
    site.world.faults = {}
    site.at(7, 0)
    fetch(site.library)
    publish(site.library)
    assert site.library.editions.read().note is None


def test_an_edition_waits_at_most_the_hold_time_and_its_note_names_the_gap(site: Site) -> None:
    site.world.faults = {"hf": Fault.RENAMED}
    fetch(site.library)
    site.at(7, 59)
    publish(site.library)
    assert not site.library.editions.exists(_DAY)
    site.at(8, 0)
    publish(site.library)
    note = site.library.editions.read().note
    assert note == ("Incomplete: hf is missing 10 March. Missing papers appear in a later edition.")


def test_a_day_without_news_has_no_edition_until_news_arrives(settings: Settings) -> None:
    now = [datetime(2026, 3, 10, 9, tzinfo=UTC)]
    with Library(settings, clock=lambda: now[0]) as library:
        library.add("test", [make_paper(title="Old kites", published="2026-03-09")])
        library.editions.publish()
        now[0] = datetime(2026, 3, 11, 6, tzinfo=UTC)
        publish(library)
        assert not library.editions.exists(_DAY)
        library.add("test", [make_paper(title="Kites at dawn", published="2026-03-11")])
        now[0] += timedelta(minutes=30)
        publish(library)
        assert not library.editions.exists(_DAY)
        now[0] += timedelta(minutes=30)
        publish(library)
        assert [item.title for item in library.editions.read(_DAY).items] == ["Kites at dawn"]


def test_an_edition_waits_for_sources_that_were_never_fetched(site: Site) -> None:
    site.at(6, 0)
    publish(site.library)
    assert not site.library.editions.exists(_DAY)
    fetch(site.library)
    publish(site.library)
    assert site.library.editions.exists(_DAY)


def test_a_source_is_fetched_when_it_is_due_and_not_before(site: Site) -> None:
    def fetched() -> int:
        states = {state.name: state for state in site.library.sources.states()}
        asked_at = states["hf"].attempted_at
        return asked_at.hour if asked_at else -1

    for hour, minute in ((5, 50), (6, 0), (8, 49)):
        site.at(hour, minute)
        fetch(site.library)
        assert fetched() == 5
    site.at(8, 50)
    fetch(site.library)
    assert fetched() == 8


def test_a_failed_fetch_is_logged_and_stops_no_other_source(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.world.faults = {"arxiv": Fault.RENAMED}
    with caplog.at_level(logging.WARNING):
        fetch(site.library)
    assert "was not found (status 404)" in caplog.text
    states = {state.name: state for state in site.library.sources.states()}
    assert states["hf"].succeeded_at == site.now
    assert states["arxiv"].next_at == site.now + timedelta(minutes=15)


def test_an_unknown_source_in_the_settings_stops_no_other_source(
    tmp_path: Path, site: Site
) -> None:
    settings = site.library.settings.model_copy(
        update={"data": tmp_path / "other", "sources": "arxive hf"}
    )
    with Library(settings, clock=lambda: site.now) as library:
        fetch(library)
        unknown, known = library.sources.states()
        assert "unknown source 'arxive'" in str(unknown.error)
        assert known.succeeded_at == site.now
        assert any("'arxive'" in finding.text and not finding.ok for finding in library.diagnose())


def test_an_evening_edition_may_wait_past_midnight(site: Site) -> None:
    settings = site.library.settings.model_copy(update={"publish_at": time(23), "hold_hours": 3})
    with Library(settings, clock=lambda: site.now) as library:
        site.world.faults = {"hf": Fault.RENAMED}
        site.at(22, 55)
        fetch(library)
        for _ in range(3):
            site.now += timedelta(hours=1)
            publish(library)
            assert not library.editions.exists(_DAY)
        site.now += timedelta(minutes=10)
        publish(library)
        assert library.editions.read().date == _DAY
        assert not library.editions.exists(_DAY + timedelta(days=1))


def test_an_edition_that_missed_its_latest_time_is_not_published(site: Site) -> None:
    fetch(site.library)
    site.now += timedelta(days=1)
    site.world.today += timedelta(days=1)
    fetch(site.library)
    site.at(12, 0)
    publish(site.library)
    assert site.library.editions.periods() == [Period(_DAY + timedelta(days=1))]


def test_a_source_not_fetched_for_days_is_reported(site: Site) -> None:
    fetch(site.library)
    site.now += timedelta(days=10)
    warnings = [finding.text for finding in site.library.diagnose() if not finding.ok]
    assert any("hf: fetched 10 days ago" in text for text in warnings)
    assert not site.library.sources.ready(site.now.date())
    note = site.library.editions.publish().note
    assert note
    assert "hf was not fetched for a day" in note


def test_an_edition_does_not_wait_for_sources_of_signals(site: Site, tmp_path: Path) -> None:
    settings = site.library.settings.model_copy(
        update={"data": tmp_path / "more", "sources": "arxiv hf hn openalex feed:https://x.example"}
    )
    with Library(settings, clock=lambda: site.now) as library:
        site.world.faults = {"hn": Fault.RENAMED}
        fetch(library)
        site.at(6, 0)
        publish(library)
        assert "hn is missing 10 March" in str(library.editions.read().note)


def test_a_day_without_news_is_not_a_problem(settings: Settings) -> None:
    now = [datetime(2026, 3, 10, 9, tzinfo=UTC)]
    with Library(settings, clock=lambda: now[0]) as library:
        library.add("test", [make_paper(title="Old kites", published="2026-03-09")])
        library.editions.publish()
        now[0] += timedelta(days=1)
        assert any("today has no edition" in finding.text for finding in library.diagnose())
        library.editions.publish()
        assert any("there are no new papers" in finding.text for finding in library.diagnose())


def test_a_sample_edition_is_replaced_once_all_sources_were_fetched(site: Site) -> None:
    old = make_paper(title="Old kites", published="2024-07-01", arxiv="2407.00001")
    site.library.add(STARTER, [old])
    assert site.library.editions.publish().is_sample
    publish(site.library)
    assert site.library.editions.read().revision == 1
    site.at(5, 55)
    fetch(site.library)
    publish(site.library)
    edition = site.library.editions.read()
    assert (edition.date, edition.revision, edition.is_sample) == (_DAY, 2, False)
    assert old.title not in [item.title for item in edition.items]


def test_a_sample_edition_stays_while_every_fetch_fails(site: Site) -> None:
    site.library.add(STARTER, [make_paper(title="Old kites", published="2024-07-01")])
    site.library.editions.publish()
    site.world.faults = {"arxiv": Fault.RENAMED, "hf": Fault.RENAMED}
    site.at(5, 55)
    fetch(site.library)
    publish(site.library)
    assert site.library.editions.read().is_sample
