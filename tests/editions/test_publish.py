"""Editions of days, weeks and months contain what was known at their end."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

import broadsheet
from broadsheet.config import Settings
from broadsheet.errors import ConfigError
from broadsheet.library import Library
from broadsheet.model import (
    DeliveryState,
    Kind,
    Notice,
    Paper,
    Period,
    Pick,
    Section,
    Signal,
    Span,
)
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.token import Purpose, sign
from broadsheet.store import papers, readers
from broadsheet.store.attention import add_signals
from broadsheet.store.tables import votes

MONDAY = date(2026, 2, 16)
WEEK = Period(MONDAY, Span.WEEK)
FEBRUARY = Period(date(2026, 2, 1), Span.MONTH)


class Site(NamedTuple):
    """A library and its clock."""

    library: Library
    clock: list[datetime]

    def set_time(self, day: date, hour: int = 9) -> None:
        self.clock[0] = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)

    def add(self, *papers: Paper) -> None:
        self.library.add("test", papers)

    def add_upvotes(self, paper: Paper, *observed: tuple[date, int, int]) -> None:
        """Store totals of upvotes observed at (day, hour)."""
        with self.library._database.write() as connection:
            add_signals(
                connection,
                [
                    Signal(
                        paper.id,
                        Kind.UPVOTES,
                        float(count),
                        datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
                        "hf",
                    )
                    for day, hour, count in observed
                ],
            )


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    clock = [datetime(2026, 2, 16, 9, tzinfo=UTC)]
    with Library(settings, clock=lambda: clock[0]) as opened:
        yield Site(opened, clock)


def paper(number: int, published: date = MONDAY) -> Paper:
    words = ("kites", "lanterns", "rivers", "bridges", "orchards", "violins")
    return make_paper(
        title=f"On {words[number % 6]} and {words[(number * 5 + 1) % 6]} of valley {number}",
        abstract=f"We study {words[number % 6]}.",
        published=published.isoformat(),
        arxiv=f"2602.{number:05}",
    )


def ids(site: Site, period: Period | date | None = None) -> list[str]:
    return [item.paper_id for item in site.library.editions.read(period).items]


def test_the_paper_with_most_gains_leads_with_its_reason(site: Site) -> None:
    site.add(paper(1), paper(2))
    site.add_upvotes(paper(2), (MONDAY, 8, 43))
    first, second = site.library.editions.publish(MONDAY).items
    assert (first.paper_id, first.section) == (paper(2).id, Section.TRENDING)
    assert first.reason == "+43 upvotes in 24 h, published today"
    assert (second.section, second.reason) == (
        Section.NEW,
        "selected by predicted interest, published today",
    )


def test_a_past_day_contains_what_was_known_at_its_end(site: Site) -> None:
    site.add(paper(1), paper(2))
    site.add_upvotes(paper(1), (MONDAY, 8, 10))
    site.add_upvotes(paper(2), (MONDAY + timedelta(days=1), 8, 400))
    site.set_time(MONDAY + timedelta(days=9))
    items = site.library.editions.publish(MONDAY).items
    assert [item.section for item in items] == [Section.TRENDING, Section.NEW]
    assert items[0].paper_id == paper(1).id


def test_a_paper_leads_again_only_with_a_higher_score(site: Site) -> None:
    tuesday, wednesday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    site.add(paper(1), paper(2, tuesday), paper(3, wednesday))
    site.add_upvotes(paper(1), (MONDAY, 8, 40))
    site.library.editions.publish(MONDAY)
    site.set_time(tuesday)
    site.add_upvotes(paper(1), (tuesday, 8, 45))
    site.add_upvotes(paper(2), (tuesday, 8, 5))
    site.library.editions.publish(tuesday)
    site.set_time(wednesday)
    site.add_upvotes(paper(1), (wednesday, 8, 400))
    site.add_upvotes(paper(3), (wednesday, 8, 5))
    site.library.editions.publish(wednesday)
    assert ids(site, MONDAY)[0] == paper(1).id
    assert paper(1).id not in ids(site, tuesday)
    assert ids(site, wednesday)[0] == paper(1).id
    assert site.library.editions.read(wednesday).items[0].reason.endswith("trending again")


def test_a_day_without_news_has_no_edition(site: Site) -> None:
    site.add(paper(1))
    site.library.editions.publish(MONDAY)
    saturday = MONDAY + timedelta(days=5)
    site.set_time(saturday)
    edition = site.library.editions.publish(saturday)
    assert (edition.revision, edition.items) == (0, ())
    assert not site.library.editions.exists(saturday)
    assert site.library.editions.read().date == MONDAY


def test_a_week_is_ordered_by_what_papers_gained_in_it(site: Site) -> None:
    site.add(*[paper(number) for number in range(1, 5)])
    before = MONDAY - timedelta(days=3)
    site.add_upvotes(paper(1), (before, 8, 500), (MONDAY, 8, 500), (WEEK.last, 8, 501))
    site.add_upvotes(paper(2), (MONDAY, 8, 1), (WEEK.last, 8, 60))
    site.add_upvotes(paper(3), (MONDAY, 8, 1), (WEEK.last, 8, 30))
    site.set_time(WEEK.after)
    items = site.library.editions.publish(WEEK).items
    assert [item.paper_id for item in items][:2] == [paper(2).id, paper(3).id]
    assert items[0].reason == "+60 upvotes this week, 6 days old"


def test_days_weeks_and_months_have_editions_of_their_own(site: Site) -> None:
    site.add(paper(1))
    site.add_upvotes(paper(1), (MONDAY, 8, 10))
    for period in (Period(MONDAY), WEEK, FEBRUARY):
        site.library.editions.publish(period)
        assert ids(site, period) == [paper(1).id]
    assert site.library.editions.periods(Span.WEEK) == [WEEK]
    assert site.library.editions.read().period == Period(MONDAY)


def test_publishing_again_stores_a_revision_and_keeps_the_old_one(site: Site) -> None:
    site.add(paper(1), paper(2))
    site.library.editions.publish(MONDAY)
    site.library.editions.pick(Period(MONDAY), Pick(paper(2).id, 1, "Read this first."))
    again = site.library.editions.publish(MONDAY)
    assert again.revision == 2
    assert (again.items[0].paper_id, again.items[0].comment) == (paper(2).id, "Read this first.")
    old = site.library.editions.read(Period(MONDAY), revision=1)
    assert not any(item.picked for item in old.items)


def test_a_dropped_paper_is_not_published(site: Site) -> None:
    site.add(paper(1), paper(2))
    site.library.editions.pick(Period(MONDAY), Pick(paper(1).id, None))
    assert [item.paper_id for item in site.library.editions.publish(MONDAY).items] == [paper(2).id]


def test_a_published_paper_with_a_new_id_is_not_published_again(site: Site) -> None:
    tuesday = MONDAY + timedelta(days=1)
    published = make_paper(title="Kites at dusk", published=MONDAY.isoformat(), doi="10.1234/dusk")
    site.add(published, paper(2))
    site.add_upvotes(published, (MONDAY, 8, 40))
    assert site.library.editions.publish(MONDAY).items[0].paper_id == published.id
    site.add(make_paper(title=published.title, doi="10.1234/dusk", arxiv="2602.77777"))
    site.set_time(tuesday)
    site.add_upvotes(paper(2), (tuesday, 8, 9))
    site.library.editions.publish(tuesday)
    assert ids(site, tuesday) == [paper(2).id]


def test_days_are_those_of_the_time_zone(settings: Settings) -> None:
    clock = [datetime(2026, 2, 15, 21, tzinfo=UTC)]
    in_tokyo = settings.model_copy(update={"timezone": "Asia/Tokyo"})
    with Library(in_tokyo, clock=lambda: clock[0]) as library:
        library.add("test", [paper(1)])
        assert [item.paper_id for item in library.editions.publish().items] == [paper(1).id]
        clock[0] += timedelta(days=1)
        library.add("test", [paper(2, MONDAY + timedelta(days=1))])
        assert [item.paper_id for item in library.editions.publish().items] == [paper(2).id]


def test_a_past_day_contains_no_later_papers(site: Site) -> None:
    site.set_time(MONDAY + timedelta(days=20))
    site.add(*[paper(number, MONDAY + timedelta(days=number)) for number in range(4)])
    for number in range(4):
        day = MONDAY + timedelta(days=number)
        assert [item.paper_id for item in site.library.editions.publish(day).items] == [
            paper(number, day).id
        ]


def test_a_future_day_cannot_be_published(site: Site) -> None:
    site.add(paper(1))
    with pytest.raises(ConfigError, match="is in the future"):
        site.library.editions.publish(MONDAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("days_later", "period", "digests"),
    [
        (0, Period(MONDAY), 1),
        (1, Period(MONDAY), 1),
        (2, Period(MONDAY), 0),
        (0, WEEK, 0),
        (0, FEBRUARY, 0),
    ],
    ids=["today", "yesterday", "two days ago", "week", "month"],
)
def test_only_the_edition_of_today_or_yesterday_enqueues_digests(
    site: Site, days_later: int, period: Period, digests: int
) -> None:
    site.add(paper(1))
    site.add_upvotes(paper(1), (MONDAY, 8, 10))
    site.set_time(MONDAY + timedelta(days=days_later))
    subscribed(site)
    assert site.library.editions.publish(period).revision == 1
    assert site.library.health().deliveries.get(DeliveryState.DUE, 0) == digests


def test_an_edition_is_stored_and_published_in_one_place_only() -> None:
    package = Path(broadsheet.__file__).parent
    users = {
        name: {
            str(path.relative_to(package))
            for path in package.rglob("*.py")
            if re.search(pattern, path.read_text(encoding="utf-8"))
        }
        for name, pattern in (
            ("publish", r"from broadsheet\.editions\.publish import"),
            ("insert_edition", r"\binsert_edition\b"),
        )
    }
    assert users["publish"] == {"editions/editions.py"}
    assert users["insert_edition"] == {"editions/publish.py", "store/editions.py"}


def _let_vote(site: Site, one: Paper, readers: range) -> None:
    """Let readers of as many networks vote for a paper."""
    for reader in readers:
        site.library.vote(one.id, f"reader {reader}", on=True, network=f"network {reader}")


def _with_voters(site: Site, count: int) -> None:
    """Let readers vote for a paper that has left the news, until they are not new any more."""
    site.add(paper(60, MONDAY - timedelta(days=30)))
    site.set_time(MONDAY - timedelta(days=3))
    with site.library._database.write() as connection:
        num = papers.num_of(connection, paper(60).id)
        for reader in range(count):
            cookie = f"reader {reader}"
            created = readers.create_reader(connection, site.library.now, cookie)
            row = {"num": num, "reader_id": created.id, "voted_at": site.library.now}
            connection.execute(votes.insert().values(**row, network=f"network {reader}"))
    site.set_time(MONDAY)


@pytest.mark.parametrize("upvotes", [0, 4], ids=["quiet", "some attention"])
@pytest.mark.parametrize("voters", [0, 30, 1_000])
def test_three_new_readers_cannot_lead_an_edition(site: Site, voters: int, upvotes: int) -> None:
    _with_voters(site, voters)
    alike = [paper(number) for number in range(1, 7)]
    site.add(*alike)
    for one in alike:
        site.add_upvotes(one, (MONDAY, 8, upvotes))
    before = [item.paper_id for item in site.library.editions.publish(MONDAY).items]
    _let_vote(site, next(one for one in alike if one.id != before[0]), range(5_000, 5_003))
    assert [item.paper_id for item in site.library.editions.publish(MONDAY).items] == before


def test_votes_on_a_site_with_a_thousand_voters_lead_an_edition(site: Site) -> None:
    _with_voters(site, 1_000)
    site.add(paper(1), paper(2))
    site.add_upvotes(paper(1), (MONDAY, 8, 30))
    _let_vote(site, paper(2), range(5))
    assert site.library.editions.publish(MONDAY).items[0].paper_id == paper(2).id


def test_votes_of_a_site_with_three_voters_move_little(site: Site) -> None:
    _with_voters(site, 3)
    site.add(paper(1), paper(2))
    site.add_upvotes(paper(1), (MONDAY, 8, 6))
    _let_vote(site, paper(2), range(3))
    assert site.library.editions.publish(MONDAY).items[0].paper_id == paper(1).id


def subscribed(site: Site) -> None:
    library = site.library
    library.subscriptions.subscribe("ada@example.org")
    library.outbox.send_due()
    (reader,) = library.subscriptions.all()
    library.subscriptions.confirm(
        sign(library.secret, Purpose.CONFIRM, reader.id, reader.email, library.now)
    )


def test_a_withdrawn_paper_is_not_published_even_if_it_was_picked(site: Site) -> None:
    site.add(paper(1), paper(2))
    site.library.editions.pick(Period(MONDAY), Pick(paper(1).id, 1))
    site.add(make_paper(title=paper(1).title, arxiv="2602.00001", notice=Notice.WITHDRAWN))
    site.library.editions.publish(MONDAY)
    assert ids(site, MONDAY) == [paper(2).id]


def test_many_papers_on_one_topic_leave_places_for_others(site: Site) -> None:
    alike = [
        make_paper(
            title=f"Measuring how kites fly in strong wind, part {number}",
            abstract="Kites in strong wind pull on their lines.",
            published=MONDAY.isoformat(),
            arxiv=f"2602.1{number:04}",
        )
        for number in range(6)
    ]
    other = make_paper(
        title="Compilers for quantum circuits", published=MONDAY.isoformat(), arxiv="2602.20000"
    )
    site.add(*alike, other)
    for one in alike:
        site.add_upvotes(one, (MONDAY, 8, 30))
    site.add_upvotes(other, (MONDAY, 8, 20))
    assert ids_before(site, other.id) < 3


def ids_before(site: Site, paper_id: str) -> int:
    items = site.library.editions.publish(MONDAY).items
    return [item.paper_id for item in items].index(paper_id)
