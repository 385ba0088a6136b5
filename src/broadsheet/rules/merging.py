"""Merge the records of several sources into one paper."""

from collections.abc import Sequence
from dataclasses import replace

from broadsheet.model import Notice, Paper
from broadsheet.rules.identity import find_acl_id, is_distinctive, may_be_same_author
from broadsheet.rules.normalize import is_untitled

# For each field the first source with a value wins; unlisted sources come last.
PRECEDENCE = (
    "arxiv",
    "arxiv-atom",
    "arxiv-dump",
    "arxiv-feed",
    "biorxiv",
    "medrxiv",
    "acl",
    "starter",
    "crossref",
    "openalex",
    "semanticscholar",
    "hf",
    "csl-json",
    "zotero",
    "bibtex",
    "ris",
    "feed",
    "saved-page",
)
# Preprint servers have only the journal reference that the authors entered.
PUBLISHERS_FIRST = ("crossref", "acl", "openalex", "semanticscholar", *PRECEDENCE)

_BY_PRECEDENCE = (
    "title",
    "abstract",
    "authors",
    "categories",
    "published",
    "arxiv_id",
    "url",
    "comment",
    "code_url",
    "summary",
    "open_url",
    "references",
    "related",
)
_BY_PUBLISHERS = ("doi", "venue")
_SEVERITY = tuple(Notice)
# Journal publication can follow the preprint by years.
_MAX_YEARS_APART = 4


def merge(records: Sequence[tuple[str, Paper]]) -> Paper:
    """Merge the records of one work.

    Parameters
    ----------
    records : sequence of (source name, Paper)
        At least one record, oldest first.

    Returns
    -------
    Paper
        Each field has the first non-empty value in the order of :data:`PRECEDENCE`, or of
        :data:`PUBLISHERS_FIRST` for DOI and venue; within one source the latest value wins.
        A title derived from an abstract is used only if no record has another. The version is the
        highest of all records. The notice is the most severe of the sources' latest notices. The
        id comes from the best identifier, else from the first record.
    """
    if len(records) == 1:
        return records[0][1]
    first = records[0][1]
    latest_first = list(reversed(records))
    ranked = dict.fromkeys(_BY_PRECEDENCE, _ordered(latest_first, PRECEDENCE))
    ranked["title"] = sorted(ranked["title"], key=is_untitled)
    ranked |= dict.fromkeys(_BY_PUBLISHERS, _ordered(latest_first, PUBLISHERS_FIRST))
    merged = replace(
        first,
        **{
            field: next(
                (value for paper in papers if (value := getattr(paper, field))),
                getattr(first, field),
            )
            for field, papers in ranked.items()
        },
        ids=_ids(records),
        version=max((paper.version or 0 for _, paper in records), default=0) or None,
        notice=_most_severe(records),
    )
    if merged.arxiv_id:
        return replace(merged, id=f"arxiv:{merged.arxiv_id}")
    better_id = f"doi:{merged.doi}" if merged.doi else find_acl_id(merged.ids)
    return replace(merged, id=better_id) if better_id else merged


def _ordered(records: Sequence[tuple[str, Paper]], order: Sequence[str]) -> list[Paper]:
    rank: dict[str, int] = {}
    for position, source in enumerate(order):
        rank.setdefault(source, position)
    # "feed:https://…" has the rank of "feed".
    ranked = sorted(records, key=lambda record: rank.get(record[0].partition(":")[0], len(order)))
    return [paper for _, paper in ranked]


def _ids(records: Sequence[tuple[str, Paper]]) -> tuple[str, ...]:
    kinds: dict[str, str] = {}
    for _, paper in records:
        for external_id in paper.ids:
            kinds.setdefault(external_id.partition(":")[0], external_id)
    return tuple(kinds.values())


def _most_severe(records: Sequence[tuple[str, Paper]]) -> Notice | None:
    latest = {source: paper.notice for source, paper in records}
    notices = [notice for notice in latest.values() if notice]
    return max(notices, key=_SEVERITY.index, default=None)


def conflicts(identifier: str | None, other: str | None) -> bool:
    """Return whether both identifiers are known and differ."""
    return bool(identifier and other and identifier != other)


def is_same_work(
    key: str,
    record: Paper,
    arxiv_id: str | None,
    doi: str | None,
    first_author: str | None,
    published: str | None,
    ids: Sequence[str] = (),
) -> bool:
    """Return whether a record and an existing paper with the same title are the same work.

    Parameters
    ----------
    key : str
        The normalised title, equal for both.
    record : Paper
        The new record.
    arxiv_id, doi, first_author, published : str or None
        Fields of the existing paper.
    ids : sequence of str
        External ids of the existing paper. Only ACL Anthology ids are compared: OpenAlex and
        Semantic Scholar assign several ids to one work.

    Returns
    -------
    bool
        True if the title is distinctive, no identifiers conflict, the first authors may be the
        same person, and the publication years differ by at most 4.
    """
    return (
        is_distinctive(key)
        and not conflicts(record.arxiv_id, arxiv_id)
        and not conflicts(record.doi, doi)
        and not conflicts(find_acl_id(record.ids), find_acl_id(ids))
        and may_be_same_author(record.authors[0] if record.authors else None, first_author)
        and _is_near(record.published, published)
    )


def _is_near(date: str | None, other: str | None) -> bool:
    return not date or not other or abs(int(date[:4]) - int(other[:4])) <= _MAX_YEARS_APART
