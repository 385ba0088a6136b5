"""The reason line of a trending paper: what it gained, and its age."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import sqrt

from broadsheet.model import Kind
from broadsheet.rules.dates import first_day

_MAX_GAINS = 3
_DAY_CHARS = len("2026-02-20")
_MAX_AGE_DAYS = 62
_DAYS_A_MONTH = 30
_DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class RecentGains:
    """What a paper gained recently, by kind.

    Parameters
    ----------
    last_day : mapping of Kind to float
        Gains of the last 24 hours.
    in_period : mapping of Kind to float
        Gains of a longer period.
    period : str
        The name of that period, such as ``this week``.
    """

    last_day: Mapping[Kind, float]
    in_period: Mapping[Kind, float]
    period: str = "this week"


NO_GAINS = RecentGains({}, {})


def reason(gains: RecentGains, published: str | None, today: date) -> str:
    """Return the three gains that weigh most and the age of the paper.

    Gains of kinds that are not scored are left out, and so are gains that round to 0.

    Parameters
    ----------
    gains : RecentGains
        What the paper gained. A kind with gains of the last day is reported for the last day only.
    published : str or None
        The paper's date, of day, month or year precision.
    today : date
        The day on which the age is computed.

    Examples
    --------
    >>> gains = RecentGains({Kind.UPVOTES: 43.2}, {Kind.STARS: 210})
    >>> reason(gains, "2026-02-18", date(2026, 2, 20))
    '+43 upvotes in 24 h, +210 stars this week, 2 days old'
    """
    amounts = dict(gains.in_period)
    texts = {kind: f"+{counted(amount, kind)} {gains.period}" for kind, amount in amounts.items()}
    for kind, amount in gains.last_day.items():
        if round(amount):
            amounts[kind] = amount
            texts[kind] = f"+{counted(amount, kind)} in 24 h"
    heaviest = sorted(
        (kind for kind, amount in amounts.items() if round(amount) and kind.weight),
        key=lambda kind: (-kind.weight * sqrt(amounts[kind] / kind.baseline), kind),
    )
    return ", ".join([*(texts[kind] for kind in heaviest[:_MAX_GAINS]), age(published, today)])


def noun(count: float, kind: Kind) -> str:
    """Return the noun of a kind for a count, without what qualifies it.

    Examples
    --------
    >>> noun(1, Kind.VOTES), noun(2, Kind.VOTES)
    ('vote', 'votes')
    """
    return kind.noun.partition(" ")[0] if round(count) == 1 else kind.value


def counted(count: float, kind: Kind) -> str:
    """Return a rounded count and its noun.

    Examples
    --------
    >>> counted(1240.4, Kind.STARS), counted(1, Kind.VOTES), counted(2, Kind.VOTES)
    ('1,240 stars', '1 vote by readers', '2 votes by readers')
    """
    qualifier = kind.noun.partition(" ")[2]
    return f"{round(count):,} {noun(count, kind)} {qualifier}".rstrip()


def age(published: str | None, today: date) -> str:
    """Return the age of a paper in days, months or years, or its date if that names no day.

    Examples
    --------
    >>> age("2026-02-18", date(2026, 2, 20)), age("2026-02", date(2026, 2, 20))
    ('2 days old', 'published February 2026')
    >>> age(None, date(2026, 2, 20))
    'publication date unknown'
    """
    if published is None:
        return "publication date unknown"
    if len(published) < _DAY_CHARS:
        return f"published {first_day(published):{'%B %Y' if '-' in published else '%Y'}}"
    days = (today - first_day(published)).days
    if days < 1:
        return "published today"
    if days < _MAX_AGE_DAYS:
        return f"{days} day{'s' if days > 1 else ''} old"
    if days < 2 * _DAYS_A_YEAR:
        return f"{days // _DAYS_A_MONTH} months old"
    return f"{days // _DAYS_A_YEAR} years old"
