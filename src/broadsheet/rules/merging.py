"""What one paper is, given all that sources told of it."""

from collections.abc import Sequence
from dataclasses import replace

from broadsheet.model import Paper
from broadsheet.rules.identity import same_author, titles_identify

# Field by field the first of these that says anything wins; sources not named come after them.
PRECEDENCE = ("arxiv-dump", "starter", "csl-json", "bibtex", "ris", "saved-page")

_MERGED_FIELDS = (
    "title",
    "abstract",
    "authors",
    "categories",
    "published",
    "arxiv_id",
    "doi",
    "url",
    "venue",
    "comment",
    "code_url",
    "summary",
    "open_url",
    "references",
    "related",
)


def merge(records: Sequence[tuple[str, Paper]]) -> Paper:
    """Make one paper of what its sources said.

    Parameters
    ----------
    records : sequence of (source name, Paper)
        At least one, in the order they were told.

    Returns
    -------
    Paper
        Field by field the first non-empty value by :data:`PRECEDENCE`, within one source the
        latest; the id is made of the best identifier known, else that of the first record.
    """
    if len(records) == 1:
        return records[0][1]
    rank = {source: place for place, source in enumerate(PRECEDENCE)}
    told = sorted(enumerate(records), key=lambda item: (rank.get(item[1][0], len(rank)), -item[0]))
    ordered = [paper for _, (_, paper) in told]
    chosen = {
        field: next((value for paper in ordered if (value := getattr(paper, field))), None)
        for field in _MERGED_FIELDS
    }
    first = records[0][1]
    best = replace(
        first,
        **{
            field: value if value is not None else getattr(first, field)
            for field, value in chosen.items()
        },
    )
    if best.arxiv_id:
        return replace(best, id=f"arxiv:{best.arxiv_id}")
    return replace(best, id=f"doi:{best.doi}") if best.doi else best


def differs(one: str | None, other: str | None) -> bool:
    """Tell whether both identifiers are known and contradict each other."""
    return bool(one and other and one != other)


def same_work_by_title(
    key: str, told: Paper, arxiv_id: str | None, doi: str | None, first_author: str | None
) -> bool:
    """Tell whether a record is of a known paper that has the same normalised title.

    Parameters
    ----------
    key : str
        The normalised title both share.
    told : Paper
        The record.
    arxiv_id, doi, first_author : str or None
        What is known of the paper.

    Returns
    -------
    bool
        True where the title is long enough to identify a work, no identifier contradicts, and
        the first authors may be the same person.
    """
    return (
        titles_identify(key)
        and not differs(told.arxiv_id, arxiv_id)
        and not differs(told.doi, doi)
        and same_author(told.authors[0] if told.authors else None, first_author)
    )
