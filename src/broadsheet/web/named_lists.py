"""The papers of a category or an author, as the index finds them; their pages and feeds agree."""

import unicodedata
from collections.abc import Iterable

from broadsheet.library import Library
from broadsheet.model import HitList, Paper, Sort
from broadsheet.rules.query import Field, Query, Within
from broadsheet.rules.query_tokens import without_quotes
from broadsheet.rules.query_writing import unparse
from broadsheet.web.addresses import plain
from broadsheet.web.citations.names import parse_name

NAME_CHARS = 100


def in_category(library: Library, name: str, n: int, offset: int = 0) -> HitList:
    """Return papers of a category or an archive such as ``cs``, newest first.

    A full table scan takes 0.3 s for a category that few or no papers have; the index 3 ms.

    Parameters
    ----------
    name : str
        The category, as :func:`category_in` returns it.
    n : int
        Maximum number of papers.
    offset : int
        Number of papers to skip; past the last one, the last page is returned.
    """
    # Not as text: the name may contain spaces and quotes.
    clauses = (Within(Field.CATEGORY, name),)
    return library.search(Query(name, clauses), n=n, offset=offset, sort=Sort.DATE, clamp=True)


def by_author(library: Library, name: str, n: int, offset: int = 0) -> HitList:
    """Return papers with an author of this name, newest first.

    Parameters
    ----------
    name : str
        The author, as :func:`author_in` returns it.
    n, offset
        As in :func:`in_category`.
    """
    return library.search(author_query(name), n=n, offset=offset, sort=Sort.DATE, clamp=True)


def author_query(name: str) -> str:
    """Return the query for an author's papers.

    Examples
    --------
    >>> author_query("Ada Windrow")
    'author:"Ada Windrow"'
    """
    return unparse([Within(Field.AUTHOR, name, phrase=True)])


def category_in(text: str) -> str | None:
    """Return the category that a request names, or None if it names none."""
    name = plain(text)
    return name if 1 <= len(name) <= NAME_CHARS else None


def author_in(text: str) -> str | None:
    """Return the author that a request names, or None if it names none.

    Examples
    --------
    >>> author_in("Windrow, Ada"), author_in("?!")
    ('Ada Windrow', None)
    """
    name = plain(without_quotes(text))
    if "," in name:
        name = parse_name(name).given_first
    # A phrase without a letter or digit would match all papers.
    is_name = len(name) <= NAME_CHARS and any(letter.isalnum() for letter in name)
    return name if is_name else None


def spelled_category(name: str, papers: Iterable[Paper]) -> str:
    """Return a category as papers spell it, and an archive as their categories do."""
    lower = name.lower()
    found = [category for paper in papers for category in paper.categories]
    spellings = [*found, *(category.partition(".")[0] for category in found)]
    if name in spellings:
        return name
    return next((each for each in spellings if each.lower() == lower), name)


def spelled_author(name: str, papers: Iterable[Paper]) -> str | None:
    """Return an author as the newest paper spells it; None if the name is part of others only.

    Examples
    --------
    >>> papers = [Paper("x", "T", authors=("José García",))]
    >>> spelled_author("jose garcia", papers), spelled_author("garcia", papers)
    ('José García', None)
    """
    found = [author for paper in papers for author in paper.authors]
    if name in found:
        return name
    folded = _folded(name)
    return next((author for author in found if _folded(author) == folded), None)


def _folded(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    letters = [letter for letter in decomposed if not unicodedata.combining(letter)]
    return " ".join("".join(each if each.isalnum() else " " for each in letters).split())
