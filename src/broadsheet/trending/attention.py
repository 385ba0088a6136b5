"""What papers have and gained, as their cards show it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import sqrt

from sqlalchemy import Connection

from broadsheet.model import Attention, Count, Kind, Signal
from broadsheet.model.attention import NO_ATTENTION
from broadsheet.rules.totals import Breakdown, Total, breakdowns, history
from broadsheet.rules.trend_reason import RecentGains
from broadsheet.store.attention import signals_until

_MIN_COURSE, _MAX_COURSE = 3, 12
_TODAY = "today"
_HOUR_S = 3600.0


def attention_of(
    connection: Connection, gains: Mapping[int, RecentGains], now: datetime
) -> dict[int, Attention]:
    """Return the attention of papers at a moment.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    gains : mapping of paper number to RecentGains
        What the papers gained up to `now`.
    now : datetime
        Later observations are skipped. Aware UTC.
    """
    signals = signals_until(connection, list(gains), now)
    return {num: attention_from(signals.get(num, ()), gains[num], now) for num in gains}


def attention_from(signals: Sequence[Signal], gains: RecentGains, now: datetime) -> Attention:
    """Return the attention of one paper from its signals, in order of time, and its gains."""
    found = [
        each
        for each in breakdowns(signals)
        if each.kind is not Kind.VOTES and round(each.total.value) > 0
    ]
    counts = sorted((_count(each, gains) for each in found), key=_heaviest_first)
    # A comment alone is the submitter's own, as a rule.
    if not any(count.kind.weight for count in counts):
        return NO_ATTENTION
    return Attention(tuple(counts), _course(history(signals, counts[0].kind), now))


def _count(found: Breakdown, gains: RecentGains) -> Count:
    places = sorted(found.places, key=lambda place: (-found.places[place], place))
    kind = found.kind
    today, longer = gains.last_day.get(kind, 0.0), gains.in_period.get(kind, 0.0)
    gained, since = (today, _TODAY) if round(today) else (longer, gains.period)
    return Count(kind, found.total.value, round(gained, 1), since, tuple(places))


def _heaviest_first(count: Count) -> tuple[float, float, str]:
    """Order kinds by what they gained, as the reason line does, then by their totals."""
    kind = count.kind
    gained, total = (
        kind.weight * sqrt(amount / kind.baseline) for amount in (count.gained, count.total)
    )
    return -gained, -total, kind.value


def _course(totals: Sequence[Total], now: datetime) -> tuple[tuple[float, float], ...]:
    """Return at most twelve totals, evenly chosen, the first and the newest included."""
    if len(totals) < _MIN_COURSE:
        return ()
    last = len(totals) - 1
    chosen = (
        totals
        if len(totals) <= _MAX_COURSE
        else [totals[round(at * last / (_MAX_COURSE - 1))] for at in range(_MAX_COURSE)]
    )
    return tuple(
        (round((now - each.at).total_seconds() / _HOUR_S, 1), each.value) for each in chosen
    )
