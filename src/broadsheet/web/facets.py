"""How an answer can be narrowed, widened and put in another order."""

from dataclasses import dataclass

from broadsheet.model import HitList, Sort
from broadsheet.rules.query import (
    Clause,
    Field,
    Not,
    Phrase,
    Query,
    Within,
    Years,
    unparse,
    with_filter,
    without_filter,
)
from broadsheet.web.addresses import search_path

_SHOWN = 8
_SORTS = {Sort.RELEVANCE: "Relevance", Sort.DATE: "Newest", Sort.TRENDING: "Rising"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One link that changes the answer.

    Parameters
    ----------
    name : str
        What it says.
    path : str
        Where it leads.
    count : int or None
        How many papers it leaves; None where that is not told.
    chosen : bool
        Whether it is in force.
    """

    name: str
    path: str
    count: int | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Everything a page of results offers besides the results.

    Parameters
    ----------
    filters : tuple of Choice
        What is in force, each leading to the answer without it.
    categories, years : tuple of Choice
        What the matches can be narrowed to.
    sorts : tuple of Choice
        The orders.
    """

    filters: tuple[Choice, ...]
    categories: tuple[Choice, ...]
    years: tuple[Choice, ...]
    sorts: tuple[Choice, ...]


def narrowing(query: Query, found: HitList, sort: Sort) -> Narrowing:
    """Return the links beside the hits of a query."""
    in_force = set(query.filters)

    def offered(clause: Clause, name: str, count: int) -> Choice:
        path = search_path(with_filter(query, clause), sort=sort)
        return Choice(name, path, count, chosen=clause in in_force)

    categories = [
        offered(Within(Field.CATEGORY, name.lower(), phrase=" " in name), name, count)
        for name, count in found.facets.get("category", {}).items()
    ]
    years = [
        offered(Years(int(year), int(year)), year, count)
        for year, count in sorted(found.facets.get("year", {}).items(), reverse=True)
    ]
    return Narrowing(
        filters=tuple(_removable(query, clause, sort) for clause in query.filters),
        categories=tuple(choice for choice in categories if not choice.chosen)[:_SHOWN],
        years=tuple(choice for choice in years if not choice.chosen)[:_SHOWN],
        sorts=tuple(
            Choice(name, search_path(found.query, sort=each), chosen=each is sort)
            for each, name in _SORTS.items()
        ),
    )


def sort_named(name: str) -> Sort:
    """Read an order out of an address; whatever is none is by relevance."""
    return Sort(name) if name in set(Sort) else Sort.RELEVANCE


def _removable(query: Query, clause: Clause, sort: Sort) -> Choice:
    return Choice(_told(clause), search_path(without_filter(query, clause), sort=sort))


def _told(clause: Clause) -> str:
    match clause:
        case Not(clause=inner):
            return f"without {_told(inner)}"
        case Phrase(text=text):
            return f"“{text}”"
        case Years(first=first, last=last) if first == last:
            return str(first)
        case _:
            return unparse([clause])
