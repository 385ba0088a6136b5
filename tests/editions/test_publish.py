"""Editions of days, weeks and months, made of what was known by then."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest

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
from broadsheet.store.attention import add_signals

MONDAY = date(2026, 2, 16)
WEEK = Period(MONDAY, Span.WEEK)
FEBRUARY = Period(date(2026, 2, 1), Span.MONTH)


class Office(NamedTuple):
    """A library whose time can be set."""

    library: Library
    hands: list[datetime]

    def at(self, day: date, hour: int = 9) -> None:
        self.hands[0] = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)

    def add(self, *papers: Paper) -> None:
        self.library.add("test", papers)

    def upvotes(self, paper: Paper, *told: tuple[date, int, int]) -> None:
        """Tell of a paper the upvotes at an hour of a day."""
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
                    for day, hour, count in told
                ],
            )


@pytest.fixture
def office(settings: Settings) -> Iterator[Office]:
    hands = [datetime(2026, 2, 16, 9, tzinfo=UTC)]
    with Library(settings, clock=lambda: hands[0]) as opened:
        yield Office(opened, hands)


def paper(number: int, published: date = MONDAY) -> Paper:
    words = ("kites", "lanterns", "rivers", "bridges", "orchards", "violins")
    return make_paper(
        title=f"On {words[number % 6]} and {words[(number * 5 + 1) % 6]} of valley {number}",
        abstract=f"We study {words[number % 6]}.",
        published=published.isoformat(),
        arxiv=f"2602.{number:05}",
    )


def ids(office: Office, period: Period | date | None = None) -> list[str]:
    return [item.paper_id for item in office.library.editions.read(period).items]


def test_what_rose_leads_the_day_and_its_reason_says_so(office: Office) -> None:
    office.add(paper(1), paper(2))
    office.upvotes(paper(2), (MONDAY, 8, 43))
    first, second = office.library.editions.publish(MONDAY).items
    assert (first.paper_id, first.section) == (paper(2).id, Section.TRENDING)
    assert first.reason == "+43 upvotes in 24 h, out today"
    assert (second.section, second.reason) == (
        Section.NEW,
        "selected by predicted interest, out today",
    )


def test_a_past_day_is_made_of_what_was_known_at_its_end(office: Office) -> None:
    office.add(paper(1), paper(2))
    office.upvotes(paper(1), (MONDAY, 8, 10))
    office.upvotes(paper(2), (MONDAY + timedelta(days=1), 8, 400))
    office.at(MONDAY + timedelta(days=9))
    items = office.library.editions.publish(MONDAY).items
    assert [item.section for item in items] == [Section.TRENDING, Section.NEW]
    assert items[0].paper_id == paper(1).id


def test_a_paper_leads_again_only_where_it_truly_rises_again(office: Office) -> None:
    tuesday, wednesday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    office.add(paper(1), paper(2, tuesday), paper(3, wednesday))
    office.upvotes(paper(1), (MONDAY, 8, 40))
    office.library.editions.publish(MONDAY)
    office.at(tuesday)
    office.upvotes(paper(1), (tuesday, 8, 45))
    office.upvotes(paper(2), (tuesday, 8, 5))
    office.library.editions.publish(tuesday)
    office.at(wednesday)
    office.upvotes(paper(1), (wednesday, 8, 400))
    office.upvotes(paper(3), (wednesday, 8, 5))
    office.library.editions.publish(wednesday)
    assert ids(office, MONDAY)[0] == paper(1).id
    assert paper(1).id not in ids(office, tuesday)
    assert ids(office, wednesday)[0] == paper(1).id
    assert office.library.editions.read(wednesday).items[0].reason.endswith("trending again")


def test_a_day_without_news_has_no_edition(office: Office) -> None:
    office.add(paper(1))
    office.library.editions.publish(MONDAY)
    saturday = MONDAY + timedelta(days=5)
    office.at(saturday)
    made = office.library.editions.publish(saturday)
    assert (made.revision, made.items) == (0, ())
    assert not office.library.editions.exists(saturday)
    assert office.library.editions.read().date == MONDAY


def test_a_week_has_what_gained_most_in_it(office: Office) -> None:
    office.add(*[paper(number) for number in range(1, 5)])
    before = MONDAY - timedelta(days=3)
    office.upvotes(paper(1), (before, 8, 500), (MONDAY, 8, 500), (WEEK.last, 8, 501))
    office.upvotes(paper(2), (MONDAY, 8, 1), (WEEK.last, 8, 60))
    office.upvotes(paper(3), (MONDAY, 8, 1), (WEEK.last, 8, 30))
    office.at(WEEK.after)
    items = office.library.editions.publish(WEEK).items
    assert [item.paper_id for item in items][:2] == [paper(2).id, paper(3).id]
    assert items[0].reason == "+60 upvotes this week, 6 days old"


def test_days_weeks_and_months_are_printed_side_by_side(office: Office) -> None:
    office.add(paper(1))
    office.upvotes(paper(1), (MONDAY, 8, 10))
    for period in (Period(MONDAY), WEEK, FEBRUARY):
        office.library.editions.publish(period)
        assert ids(office, period) == [paper(1).id]
    assert office.library.editions.periods(Span.WEEK) == [WEEK]
    assert office.library.editions.read().period == Period(MONDAY)


def test_printing_again_makes_a_revision_and_keeps_the_old(office: Office) -> None:
    office.add(paper(1), paper(2))
    office.library.editions.publish(MONDAY)
    office.library.editions.pick(Period(MONDAY), Pick(paper(2).id, 1, "Read this first."))
    again = office.library.editions.publish(MONDAY)
    assert again.revision == 2
    assert (again.items[0].paper_id, again.items[0].comment) == (paper(2).id, "Read this first.")
    old = office.library.editions.read(Period(MONDAY), revision=1)
    assert not any(item.picked for item in old.items)


def test_what_the_editor_dropped_is_not_printed(office: Office) -> None:
    office.add(paper(1), paper(2))
    office.library.editions.pick(Period(MONDAY), Pick(paper(1).id, None))
    assert [item.paper_id for item in office.library.editions.publish(MONDAY).items] == [
        paper(2).id
    ]


def test_only_a_days_edition_is_mailed(office: Office) -> None:
    office.add(paper(1))
    office.upvotes(paper(1), (MONDAY, 8, 10))
    office.library.editions.publish(WEEK)
    assert office.library.health().deliveries == {}


def test_a_paper_that_goes_by_another_id_now_is_known_to_have_been_printed(office: Office) -> None:
    tuesday = MONDAY + timedelta(days=1)
    printed = make_paper(title="Kites at dusk", published=MONDAY.isoformat(), doi="10.1234/dusk")
    office.add(printed, paper(2))
    office.upvotes(printed, (MONDAY, 8, 40))
    assert office.library.editions.publish(MONDAY).items[0].paper_id == printed.id
    office.add(make_paper(title=printed.title, doi="10.1234/dusk", arxiv="2602.77777"))
    office.at(tuesday)
    office.upvotes(paper(2), (tuesday, 8, 9))
    office.library.editions.publish(tuesday)
    assert ids(office, tuesday) == [paper(2).id]


def test_the_days_of_a_zone_east_of_utc_are_told_apart(settings: Settings) -> None:
    hands = [datetime(2026, 2, 15, 21, tzinfo=UTC)]
    asked = settings.model_copy(update={"timezone": "Asia/Tokyo"})
    with Library(asked, clock=lambda: hands[0]) as library:
        library.add("test", [paper(1)])
        assert [item.paper_id for item in library.editions.publish().items] == [paper(1).id]
        hands[0] += timedelta(days=1)
        library.add("test", [paper(2, MONDAY + timedelta(days=1))])
        assert [item.paper_id for item in library.editions.publish().items] == [paper(2).id]


def test_the_archive_holds_nothing_of_the_days_after(office: Office) -> None:
    office.at(MONDAY + timedelta(days=20))
    office.add(*[paper(number, MONDAY + timedelta(days=number)) for number in range(4)])
    for number in range(4):
        day = MONDAY + timedelta(days=number)
        assert [item.paper_id for item in office.library.editions.publish(day).items] == [
            paper(number, day).id
        ]


def test_what_is_still_to_come_cannot_be_printed(office: Office) -> None:
    office.add(paper(1))
    with pytest.raises(ConfigError, match="is in the future"):
        office.library.editions.publish(MONDAY + timedelta(days=1))


def test_printing_the_archive_mails_nothing(office: Office) -> None:
    office.add(paper(1))
    office.at(MONDAY + timedelta(days=5))
    subscribed(office)
    office.library.editions.publish(MONDAY)
    assert DeliveryState.DUE not in office.library.health().deliveries
    office.add(paper(2, MONDAY + timedelta(days=5)))
    office.library.editions.publish()
    assert office.library.health().deliveries[DeliveryState.DUE] == 1


def subscribed(office: Office) -> None:
    library = office.library
    library.subscriptions.subscribe("ada@example.org")
    library.outbox.send_due()
    (reader,) = library.subscriptions.all()
    library.subscriptions.confirm(sign(library.secret, Purpose.CONFIRM, reader.id, library.now))


def test_what_was_withdrawn_is_not_printed_even_where_it_was_picked(office: Office) -> None:
    office.add(paper(1), paper(2))
    office.library.editions.pick(Period(MONDAY), Pick(paper(1).id, 1))
    office.add(make_paper(title=paper(1).title, arxiv="2602.00001", notice=Notice.WITHDRAWN))
    office.library.editions.publish(MONDAY)
    assert ids(office, MONDAY) == [paper(2).id]


def test_many_papers_on_one_topic_leave_room_for_others(office: Office) -> None:
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
    office.add(*alike, other)
    for one in alike:
        office.upvotes(one, (MONDAY, 8, 30))
    office.upvotes(other, (MONDAY, 8, 20))
    assert ids_before(office, other.id) < 3


def ids_before(office: Office, paper_id: str) -> int:
    items = office.library.editions.publish(MONDAY).items
    return [item.paper_id for item in items].index(paper_id)
