"""How an answer of many pages is turned over and parted: pure."""

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from broadsheet.model import Hit, HitList, Tier
from broadsheet.web.view_models import counted

PAGE_SIZE = 20
MAX_PAGE = 500


class Group(NamedTuple):
    """One tier on a page of results."""

    heading: str
    hits: tuple[Hit, ...]


def tiers(found: HitList) -> list[Group]:
    """Part a page of hits by tier; hits of one list stay together."""
    if not found.tiers:
        return [Group("Nearest in words and meaning", found.hits)] if found.hits else []
    headings = {
        Tier.MATCH: f"{counted(found.matches, 'paper')} with every word",
        Tier.NEIGHBOUR: "Nearest in meaning",
    }
    return [Group(headings[t], tuple(of)) for t, of in groupby(found.hits, lambda hit: hit.tier)]


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a reader stands in an answer of many pages.

    Parameters
    ----------
    page, pages : int
        Which one, from 1, of how many.
    """

    page: int
    pages: int

    @property
    def shown(self) -> tuple[int | None, ...]:
        """The pages to offer: first, last and those around; None where some are left out."""
        every = range(1, self.pages + 1)
        near = [n for n in every if n in (1, self.pages) or abs(n - self.page) <= 1]
        row: list[int | None] = []
        for before, number in pairwise([0, *near]):
            row += [None, number] if number - before > 1 else [number]
        return tuple(row)


def pager(found: HitList) -> Pager:
    """Return the page that a list of hits is, and the number of pages.

    Examples
    --------
    >>> pager(HitList("kites", total=45, matches=0, hits=(), offset=40))
    Pager(page=3, pages=3)
    """
    pages = min(max(1, -(-found.total // PAGE_SIZE)), MAX_PAGE)
    return Pager(min(found.offset // PAGE_SIZE + 1, pages), pages)


def offset(page: int) -> int:
    """Count the hits on the pages before one."""
    return (page - 1) * PAGE_SIZE


def page_number(text: str) -> int:
    """Read a page number out of an address; whatever is none is the first page."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return 1
    return min(max(1, int(digits[:9])), MAX_PAGE)
