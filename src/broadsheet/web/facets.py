"""Links beside search results: filters, facets and sort orders."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from broadsheet.model import HitList, Sort
from broadsheet.rules.query import Clause, Field, Not, Phrase, Query, Within, Years
from broadsheet.rules.query_writing import unparse, with_filter, without_filter
from broadsheet.web.addresses import search_path

_SHOWN = 8
# Every link contains the whole query, so that a longer one gets no links that change its filters.
_MAX_LINKED_CHARS = 1_000
_SORTS = {Sort.RELEVANCE: "Relevance", Sort.DATE: "Newest", Sort.TRENDING: "Trending"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One link that changes the results.

    Parameters
    ----------
    name : str
        Label of the link.
    path : str
        Path of the changed search.
    count : int or None
        Number of matches; None if it is not known.
    chosen : bool
        Whether the choice applies to the current results.
    """

    name: str
    path: str
    count: int | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class FacetLinks:
    """All links of a page of results.

    Parameters
    ----------
    filters : tuple of Choice
        Active filters; each link removes its filter.
    categories, years : tuple of Choice
        Filters that can be added.
    sorts : tuple of Choice
        Sort orders.
    """

    filters: tuple[Choice, ...]
    categories: tuple[Choice, ...]
    years: tuple[Choice, ...]
    sorts: tuple[Choice, ...]


def facet_links(query: Query, found: HitList, sort: Sort) -> FacetLinks:
    """Return the links beside search results; those of a long query change its order only."""
    sorts = tuple(
        Choice(name, search_path(found.query, sort=each), chosen=each is sort)
        for each, name in _SORTS.items()
    )
    if len(sorts[0].path) > _MAX_LINKED_CHARS:
        return FacetLinks((), (), (), sorts)
    active = set(query.filters)

    def choices(offered: Iterable[tuple[Clause, str, int]]) -> tuple[Choice, ...]:
        added = ((clause, name, count) for clause, name, count in offered if clause not in active)
        return tuple(
            Choice(name, search_path(with_filter(query, clause), sort=sort), count)
            for clause, name, count in islice(added, _SHOWN)
        )

    categories = (
        (Within(Field.CATEGORY, name.lower(), phrase=" " in name), name, count)
        for name, count in found.facets.get("category", {}).items()
    )
    years = (
        (Years(int(year), int(year)), year, count)
        for year, count in sorted(found.facets.get("year", {}).items(), reverse=True)
    )
    return FacetLinks(
        filters=tuple(_removable(query, clause, sort) for clause in query.filters),
        categories=choices(categories),
        years=choices(years),
        sorts=sorts,
    )


def parse_sort(name: str) -> Sort:
    """Return the named sort order, relevance if there is none of this name."""
    return Sort(name) if name in set(Sort) else Sort.RELEVANCE


def _removable(query: Query, clause: Clause, sort: Sort) -> Choice:
    return Choice(_label(clause), search_path(without_filter(query, clause), sort=sort))


def _label(clause: Clause) -> str:
    match clause:
        case Not(clause=inner):
            return f"without {_label(inner)}"
        case Phrase(text=text):
            return f"“{text}”"
        case Years(first=first, last=last) if first == last:
            return str(first)
        case _:
            return unparse([clause])
