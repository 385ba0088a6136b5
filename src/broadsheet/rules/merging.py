"""What one paper is, given all that sources told of it."""

from collections.abc import Sequence
from dataclasses import replace

from broadsheet.model import Notice, Paper
from broadsheet.rules.identity import in_the_anthology, same_author, titles_identify

# Field by field the first of these that says anything wins; sources not named come after them.
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
# A preprint server knows of the journal only what the authors wrote there.
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
_GRAVITY = tuple(Notice)
# A preprint may wait for years before a journal prints it.
_YEARS_BETWEEN = 4


def merge(records: Sequence[tuple[str, Paper]]) -> Paper:
    """Make one paper of what its sources said.

    Parameters
    ----------
    records : sequence of (source name, Paper)
        At least one, in the order they were told.

    Returns
    -------
    Paper
        Field by field the first non-empty value by :data:`PRECEDENCE`, of DOI and venue by
        :data:`PUBLISHERS_FIRST`, within one source the latest. The version is the highest told
        of, the notice the gravest of what each source said last. The id is made of the best
        identifier known, else that of the first record.
    """
    if len(records) == 1:
        return records[0][1]
    first = records[0][1]
    latest_first = list(reversed(records))
    asked = dict.fromkeys(_BY_PRECEDENCE, _ordered(latest_first, PRECEDENCE))
    asked |= dict.fromkeys(_BY_PUBLISHERS, _ordered(latest_first, PUBLISHERS_FIRST))
    best = replace(
        first,
        **{
            field: next(
                (value for paper in ordered if (value := getattr(paper, field))),
                getattr(first, field),
            )
            for field, ordered in asked.items()
        },
        ids=_ids(records),
        version=max((paper.version or 0 for _, paper in records), default=0) or None,
        notice=_gravest(records),
    )
    if best.arxiv_id:
        return replace(best, id=f"arxiv:{best.arxiv_id}")
    named = f"doi:{best.doi}" if best.doi else in_the_anthology(best.ids)
    return replace(best, id=named) if named else best


def _ordered(records: Sequence[tuple[str, Paper]], order: Sequence[str]) -> list[Paper]:
    rank: dict[str, int] = {}
    for place, source in enumerate(order):
        rank.setdefault(source, place)
    # "feed:https://…" stands where "feed" does.
    told = sorted(records, key=lambda one: rank.get(one[0].partition(":")[0], len(order)))
    return [paper for _, paper in told]


def _ids(records: Sequence[tuple[str, Paper]]) -> tuple[str, ...]:
    kinds: dict[str, str] = {}
    for _, paper in records:
        for one in paper.ids:
            kinds.setdefault(one.partition(":")[0], one)
    return tuple(kinds.values())


def _gravest(records: Sequence[tuple[str, Paper]]) -> Notice | None:
    last_word = {source: paper.notice for source, paper in records}
    told = [notice for notice in last_word.values() if notice]
    return max(told, key=_GRAVITY.index, default=None)


def differs(one: str | None, other: str | None) -> bool:
    """Tell whether both identifiers are known and contradict each other."""
    return bool(one and other and one != other)


def same_work_by_title(
    key: str,
    told: Paper,
    arxiv_id: str | None,
    doi: str | None,
    first_author: str | None,
    published: str | None,
    ids: Sequence[str] = (),
) -> bool:
    """Tell whether a record is of a known paper that has the same normalised title.

    Parameters
    ----------
    key : str
        The normalised title both share.
    told : Paper
        The record.
    arxiv_id, doi, first_author, published : str or None
        What is known of the paper.
    ids : sequence of str
        Its further ids; of these only the Anthology's can contradict, as graphs of science have
        several ids for one work.

    Returns
    -------
    bool
        True where the title is long enough to identify a work, no identifier contradicts, the
        first authors may be the same person, and no more than four years lie between.
    """
    return (
        titles_identify(key)
        and not differs(told.arxiv_id, arxiv_id)
        and not differs(told.doi, doi)
        and not differs(in_the_anthology(told.ids), in_the_anthology(ids))
        and same_author(told.authors[0] if told.authors else None, first_author)
        and _near_in_time(told.published, published)
    )


def _near_in_time(one: str | None, other: str | None) -> bool:
    return not one or not other or abs(int(one[:4]) - int(other[:4])) <= _YEARS_BETWEEN
