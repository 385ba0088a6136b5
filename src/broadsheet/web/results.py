"""Pages and tiers of search results: pure."""

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from broadsheet.model import Hit, HitList, Tier
from broadsheet.rules.search_summary import match_heading, neighbour_heading

PAGE_SIZE = 20
MAX_PAGE = 500


class Group(NamedTuple):
    """One tier on a page of results."""

    heading: str
    hits: tuple[Hit, ...]


def tiers(found: HitList) -> list[Group]:
    """Group a page of hits by tier; a ranking without tiers is one group."""
    if not found.tiers:
        return [Group("Closest in words and meaning", found.hits)] if found.hits else []
    headings = {Tier.MATCH: match_heading(found), Tier.NEIGHBOUR: neighbour_heading(found)}
    return [Group(headings[t], tuple(of)) for t, of in groupby(found.hits, lambda hit: hit.tier)]


@dataclass(frozen=True, slots=True)
class Pager:
    """Position in search results of several pages.

    Parameters
    ----------
    page, pages : int
        Number of the page, from 1, and number of pages.
    """

    page: int
    pages: int

    @property
    def shown(self) -> tuple[int | None, ...]:
        """Pages to link to: first, last and adjacent ones; None stands for omitted pages."""
        numbers = range(1, self.pages + 1)
        near = [n for n in numbers if n in (1, self.pages) or abs(n - self.page) <= 1]
        shown: list[int | None] = []
        for before, number in pairwise([0, *near]):
            shown += [None, number] if number - before > 1 else [number]
        return tuple(shown)


def pager(found: HitList) -> Pager:
    """Return the position of a page of search results.

    Examples
    --------
    >>> pager(HitList("kites", total=45, matches=0, hits=(), offset=40))
    Pager(page=3, pages=3)
    """
    pages = min(max(1, -(-found.total // PAGE_SIZE)), MAX_PAGE)
    return Pager(min(found.offset // PAGE_SIZE + 1, pages), pages)


def offset(page: int) -> int:
    """Return the number of hits on the pages before one."""
    return (page - 1) * PAGE_SIZE


def page_number(text: str) -> int:
    """Parse a page number; any other text is the first page."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return 1
    return min(max(1, int(digits[:9])), MAX_PAGE)
