"""Count papers by category and by year."""

from collections import Counter
from collections.abc import Iterable, Sequence

_MOST_VALUES = 12


def facet_counts(
    papers: Iterable[tuple[Sequence[str], str | None]],
) -> dict[str, dict[str, int]]:
    """Count papers by category and by year, the most frequent values of each first.

    Parameters
    ----------
    papers : iterable of (sequence of str, str or None)
        The categories and the publication date of each paper.

    Examples
    --------
    >>> facet_counts([(("cs.CL",), "2026-02-20"), (("cs.CL", "cs.LG"), None)])
    {'category': {'cs.CL': 2, 'cs.LG': 1}, 'year': {'2026': 1}}
    """
    categories: Counter[str] = Counter()
    years: Counter[str] = Counter()
    for names, published in papers:
        categories.update(set(names))
        if published is not None:
            years[published[:4]] += 1
    return {"category": _most_frequent(categories), "year": _most_frequent(years)}


def _most_frequent(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_MOST_VALUES])
