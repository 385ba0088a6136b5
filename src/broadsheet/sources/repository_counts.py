"""Fetch a count for each of the repositories that papers name."""

from collections.abc import Callable, Iterator, Sequence

from broadsheet.model import Kind, Malformed, Paper, Signal
from broadsheet.sources.source import Batch, FetchRequest

# Bounds the requests for a paper that lists many repositories.
_MAX_PER_PAPER = 5
_MAX_COUNT = 10**9

_Counts = dict[str, float | Malformed | None]


def fetch_counts(
    request: FetchRequest,
    repositories_of: Callable[[Paper], Sequence[str]],
    count: Callable[[str], float | None],
    kind: Kind,
    source: str,
    *,
    max_repositories: int | None = None,
) -> Iterator[Batch]:
    """Yield a batch for the papers without a repository, then one per paper with its count.

    Only the first repository that exists is counted: the others are likely to be dependencies.

    Parameters
    ----------
    request : FetchRequest
        `papers` are looked up.
    repositories_of : callable
        Returns the repositories of a paper, its own first. At most 5 are looked up.
    count : callable
        Returns the count of one repository, or None if it does not exist; raises ValueError if
        the reply is malformed. Called once per repository.
    kind, source : Kind, str
        Kind and source of the signals.
    max_repositories : int, optional
        Most repositories to look up. Papers beyond the limit are left for the next run.
    """
    named = [(paper, repositories_of(paper)[:_MAX_PER_PAPER]) for paper in request.papers]
    if without := [paper.id for paper, names in named if not names]:
        yield Batch(queried=without)
    named = [(paper, names) for paper, names in named if names]
    counts: _Counts = {}
    for paper, names in named:
        malformed: list[Malformed] = []
        signals: list[Signal] = []
        for name in names:
            if name not in counts:
                if len(counts) == max_repositories:
                    return
                counts[name] = _count(name, count, source)
            value = counts[name]
            if isinstance(value, Malformed):
                malformed.append(value)
            elif value is not None:
                signals.append(Signal(paper.id, kind, value, request.now, source))
                break
        # Only counts are records of the day: a changed API then shows as a gap.
        days = {request.now.date(): 1} if signals else {}
        yield Batch(records=malformed, signals=signals, days=days, queried=[paper.id])


def parse_count(payload: object, key: str, noun: str) -> float:
    """Return the count under a key of a JSON object.

    Raises
    ------
    ValueError
        If the value is not an integer from 0 to 1,000,000,000.
    """
    count = payload.get(key) if isinstance(payload, dict) else None
    if type(count) is not int or not 0 <= count <= _MAX_COUNT:
        raise ValueError(f"missing number of {noun}")
    return float(count)


def _count(
    name: str, count: Callable[[str], float | None], source: str
) -> float | Malformed | None:
    try:
        return count(name)
    except ValueError as error:
        return Malformed(f"{source} {name}", str(error))
