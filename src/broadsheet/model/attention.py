"""Attention: what a paper has and gained, as its card shows it."""

from dataclasses import dataclass

from broadsheet.model.signal import Kind


@dataclass(frozen=True, slots=True)
class Count:
    """The total of one kind, and what it gained.

    Parameters
    ----------
    kind : Kind
        What is counted.
    total : float
        The total, above 0; see :mod:`broadsheet.rules.totals`.
    gained : float
        What was gained in the last day or, if that is nothing, in the period; 0 or more.
    since : str
        When it was gained: ``today``, or the name of the period, such as ``this week``.
    places : tuple of str
        The sources that count it, such as ``hf``; the largest count first.
    """

    kind: Kind
    total: float
    gained: float
    since: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attention:
    """What a paper has, and gained up to one moment. Votes of readers are not in it.

    Parameters
    ----------
    counts : tuple of Count
        The kind that weighs most first; empty without any attention.
    course : tuple of (float, float)
        Totals of the first kind: hours before the moment and count, oldest first. Empty with
        fewer than three observations.
    """

    counts: tuple[Count, ...] = ()
    course: tuple[tuple[float, float], ...] = ()


NO_ATTENTION = Attention()
