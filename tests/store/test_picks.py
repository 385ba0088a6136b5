"""The editor's picks for an edition."""

import pytest

from broadsheet.errors import NotFoundError
from broadsheet.library import Library
from broadsheet.model import Period, Pick, Span
from tests.conftest import NOW

TODAY = Period(NOW.date())
WEEK = Period.containing(NOW.date(), Span.WEEK)


def test_picks_are_listed_by_place_and_dropped_papers_come_last(library: Library) -> None:
    for pick in (
        Pick("arxiv:2603.00001", None),
        Pick("arxiv:2603.00002", 2, "See its tables."),
        Pick("arxiv:2603.00003", 1),
    ):
        library.editions.pick(TODAY, pick)
    assert [pick.place for pick in library.editions.picks(TODAY)] == [1, 2, None]
    assert library.editions.picks(TODAY)[1].comment == "See its tables."


def test_each_edition_has_its_own_picks(library: Library) -> None:
    library.editions.pick(TODAY, Pick("arxiv:2603.00001", 1))
    assert library.editions.picks(WEEK) == []


def test_a_later_pick_of_a_paper_replaces_the_earlier(library: Library) -> None:
    library.editions.pick(TODAY, Pick("arxiv:2603.00001", 1))
    library.editions.pick(TODAY, Pick("arxiv:2603.00001", None))
    assert library.editions.picks(TODAY) == [Pick("arxiv:2603.00001", None)]


def test_a_pick_can_be_deleted(library: Library) -> None:
    library.editions.pick(TODAY, Pick("arxiv:2603.00001", 1))
    assert library.editions.unpick(TODAY, "arxiv:2603.00001")
    assert not library.editions.unpick(TODAY, "arxiv:2603.00001")
    assert library.editions.picks(TODAY) == []


def test_an_unknown_paper_cannot_be_picked(library: Library) -> None:
    with pytest.raises(NotFoundError):
        library.editions.pick(TODAY, Pick("arxiv:9999.00001", 1))
