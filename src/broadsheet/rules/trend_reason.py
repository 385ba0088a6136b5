"""Say what a paper gained, for the line under it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import sqrt

from broadsheet.model import Kind
from broadsheet.rules.dates import first_day
from broadsheet.rules.trending import TRUST, USUAL

_TOLD = 3
_DAY_CHARS = len("2026-02-20")
_DAYS_TOLD = 62
_DAYS_A_MONTH = 30
_DAYS_A_YEAR = 365
_NOUNS = {
    Kind.VOTES: "vote by readers",
    Kind.UPVOTES: "upvote",
    Kind.COMMENTS: "comment",
    Kind.STARS: "star",
    Kind.LIKES: "like",
    Kind.POINTS: "point",
    Kind.POSTS: "post",
    Kind.CITATIONS: "citation",
}


@dataclass(frozen=True, slots=True)
class Gained:
    """What came in over some time, by kind.

    Parameters
    ----------
    day, longer : mapping of Kind to float
        In the last 24 hours, and over the longer time that is named.
    named : str
        How the longer time is called, such as ``this week``.
    """

    day: Mapping[Kind, float]
    longer: Mapping[Kind, float]
    named: str = "this week"


def reason(gained: Gained, published: str | None, today: date) -> str:
    """Say what a paper gained and how old it is.

    Parameters
    ----------
    gained : Gained
        What came in.
    published : str or None
        When the paper came out.
    today : date
        The day it is told on.

    Returns
    -------
    str
        The heaviest three gains of those that count, those of the last day as such, and the age.

    Examples
    --------
    >>> reason(Gained({Kind.UPVOTES: 43.2}, {Kind.STARS: 210}), "2026-02-18", date(2026, 2, 20))
    '+43 upvotes in 24 h, +210 stars this week, 2 days old'
    """
    told = {
        kind: f"+{counted(amount, kind)} {gained.named}" for kind, amount in gained.longer.items()
    }
    amounts = dict(gained.longer)
    for kind, amount in gained.day.items():
        if round(amount):
            told[kind] = f"+{counted(amount, kind)} in 24 h"
            amounts[kind] = amount
    heaviest = sorted(
        (kind for kind, amount in amounts.items() if round(amount) and TRUST[kind]),
        key=lambda kind: (-_weight(kind, amounts[kind]), kind),
    )
    return ", ".join([*(told[kind] for kind in heaviest[:_TOLD]), age(published, today)])


def _weight(kind: Kind, amount: float) -> float:
    return TRUST[kind] * sqrt(amount / USUAL[kind])


def counted(amount: float, kind: Kind) -> str:
    """Say how many there are of a kind.

    Examples
    --------
    >>> counted(1240.4, Kind.STARS), counted(1, Kind.VOTES), counted(2, Kind.VOTES)
    ('1,240 stars', '1 vote by readers', '2 votes by readers')
    """
    number = round(amount)
    first, _, rest = _NOUNS[kind].partition(" ")
    noun = first if number == 1 else f"{first}s"
    return f"{number:,} {noun} {rest}".rstrip()


def age(published: str | None, today: date) -> str:
    """Say how old a paper is.

    Examples
    --------
    >>> age("2026-02-18", date(2026, 2, 20)), age(None, date(2026, 2, 20))
    ('2 days old', 'of unknown date')
    """
    if published is None:
        return "of unknown date"
    if len(published) < _DAY_CHARS:
        return f"of {first_day(published):{'%B %Y' if '-' in published else '%Y'}}"
    days = (today - first_day(published)).days
    if days < 1:
        return "out today"
    if days < _DAYS_TOLD:
        return f"{days} day{'s' if days > 1 else ''} old"
    if days < 2 * _DAYS_A_YEAR:
        return f"{days // _DAYS_A_MONTH} months old"
    return f"{days // _DAYS_A_YEAR} years old"
