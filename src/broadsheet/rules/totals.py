"""One total for each kind of attention, however many sources report it.

A source counts an *object*. Two sources that report a repository's stars count the same object, so
the largest number is the total. Two forum threads are different objects, so their points are added.
Pages, charts, the API, feeds and the score all use this rule; `Kind.is_shared` states it per kind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from broadsheet.model import Kind, Signal

# Keeps sums of counts readable, whatever a source reports.
MAX_COUNT = 1e12


@dataclass(frozen=True, slots=True)
class Total:
    """The total of one kind at a moment.

    Parameters
    ----------
    at : datetime
        Time of the newest observation in it, aware UTC.
    value : float
        0 or more.
    """

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The newest total of one kind, and the part of each place.

    Parameters
    ----------
    kind : Kind
        What is counted.
    total : Total
        The total.
    places : mapping of str to float
        The count of each place, such as ``github`` or ``hn``; the threads of a forum are added.
    """

    kind: Kind
    total: Total
    places: Mapping[str, float]


def is_shared(kind: Kind, source: str) -> bool:
    """Return whether other sources count the same object as this one.

    A source that names a thread, such as ``hn:123``, counts that thread alone. All other sources of
    a shared kind count the same object.

    Examples
    --------
    >>> is_shared(Kind.STARS, "github"), is_shared(Kind.POINTS, "hn:1")
    (True, False)
    """
    return kind.is_shared and ":" not in source


def total(kind: Kind, newest: Mapping[str, float]) -> float:
    """Return the total of the newest counts: the largest for each object, added over objects.

    Parameters
    ----------
    kind : Kind
        What is counted.
    newest : mapping of str to float
        The newest count of each source.

    Examples
    --------
    >>> total(Kind.CITATIONS, {"openalex": 110, "crossref": 100})
    110.0
    >>> total(Kind.POINTS, {"hn:1": 110, "hn:2": 100})
    210.0
    """
    largest, others = 0.0, 0.0
    for source, value in newest.items():
        count = min(max(0.0, float(value)), MAX_COUNT)
        if is_shared(kind, source):
            largest = max(largest, count)
        else:
            others += count
    return largest + others


def history(signals: Iterable[Signal], kind: Kind) -> list[Total]:
    """List the totals of a kind, one for each moment of an observation.

    Parameters
    ----------
    signals : iterable of Signal
        In order of time. Values that are not finite are skipped; negative ones count as 0.
    kind : Kind
        Signals of other kinds are skipped.
    """
    newest: dict[str, float] = {}
    totals: list[Total] = []
    for signal in signals:
        if signal.kind is not kind or not isfinite(signal.value):
            continue
        newest[signal.source] = signal.value
        if totals and totals[-1].at == signal.observed_at:
            totals.pop()
        totals.append(Total(signal.observed_at, total(kind, newest)))
    return totals


def breakdowns(signals: Iterable[Signal]) -> list[Breakdown]:
    """List the newest total of each kind, in the order of `Kind`.

    Parameters
    ----------
    signals : iterable of Signal
        In order of time. Values that are not finite are skipped.
    """
    newest: dict[Kind, dict[str, Signal]] = {}
    for signal in signals:
        if isfinite(signal.value):
            newest.setdefault(signal.kind, {})[signal.source] = signal
    return [_breakdown(kind, newest[kind]) for kind in Kind if kind in newest]


def _breakdown(kind: Kind, newest: Mapping[str, Signal]) -> Breakdown:
    counts = {source: signal.value for source, signal in newest.items()}
    places: dict[str, dict[str, float]] = {}
    for source, count in counts.items():
        places.setdefault(source.partition(":")[0], {})[source] = count
    at = max(signal.observed_at for signal in newest.values())
    return Breakdown(
        kind,
        Total(at, total(kind, counts)),
        {place: total(kind, of) for place, of in places.items()},
    )
