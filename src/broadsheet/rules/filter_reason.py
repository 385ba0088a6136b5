"""Which fields of a paper satisfy the filters of a query."""

from collections.abc import Iterator, Sequence

from broadsheet.model import Paper
from broadsheet.rules.query import (
    AllOf,
    AnyOf,
    Clause,
    Field,
    Not,
    Phrase,
    Since,
    Within,
    Word,
    Years,
)
from broadsheet.rules.titles import spoken

_MOST_SHOWN = 4


def filter_reason(filters: Sequence[Clause], paper: Paper) -> str | None:
    """Return the fields of a paper that satisfy filters, as a phrase for readers.

    Parameters
    ----------
    filters : sequence of Clause
        Filters that the paper satisfies.
    paper : Paper
        The paper.

    Returns
    -------
    str or None
        None if no field is to be named, as for filters that exclude papers.

    Examples
    --------
    >>> paper = Paper("hash:1", "Paper kites", categories=("cs.CL",), published="2024-05-02")
    >>> filter_reason([Phrase("paper kites"), Within(Field.CATEGORY, "cs.cl"), Years(2024, None)],
    ...     paper)
    '“paper kites” in the title, category cs.CL, published 2024-05-02'
    """
    shown = list(dict.fromkeys(_fields(filters, paper)))[:_MOST_SHOWN]
    return ", ".join(shown) or None


def _fields(filters: Sequence[Clause], paper: Paper) -> Iterator[str]:
    for clause in filters:
        match clause:
            case Phrase(text=text) | Word(text=text):
                yield from _places(text, paper)
            case Within(field=Field.CATEGORY, text=text):
                wanted = text.strip().lower()
                names = (name for name in paper.categories if _is_in(name.lower(), wanted))
                yield from (f"category {name}" for name in names)
            case Within(field=Field.AUTHOR, text=text):
                author = next((name for name in paper.authors if _shares(name, text)), None)
                if author is not None:
                    yield f"author {author}"
            case Within(field=Field.TITLE, text=text) if _shares(paper.title, text):
                yield f"“{text}” in the title"
            case Within(field=Field.ID):
                yield f"id {paper.id.partition(':')[2]}"
            case Years() | Since() if paper.published is not None:
                yield f"published {paper.published}"
            case AllOf(clauses=inner) | AnyOf(clauses=inner):
                yield from _fields(inner, paper)
            case Not() | _:
                pass


def _places(text: str, paper: Paper) -> Iterator[str]:
    phrase = f" {spoken(text)} "
    if phrase in f" {spoken(paper.title)} ":
        yield f"“{text}” in the title"
    elif phrase in f" {spoken(paper.abstract or '')} ":
        yield f"“{text}” in the abstract"
    elif any(phrase in f" {spoken(author)} " for author in paper.authors):
        yield f"“{text}” among the authors"


def _is_in(category: str, wanted: str) -> bool:
    return category == wanted or category.partition(".")[0] == wanted


def _shares(text: str, query: str) -> bool:
    return bool(set(spoken(text).split()) & set(spoken(query).split()))
