"""List the trending papers, page by page."""

import re
from collections.abc import Mapping
from datetime import date, datetime

from broadsheet.model import Attention, Kind, Trend, Trending
from broadsheet.rules.placing import Standing, shown_score, trend_placings
from broadsheet.rules.trend_reason import RecentGains, reason
from broadsheet.rules.trending import score_at
from broadsheet.store.database import Database
from broadsheet.store.trends import top_scored
from broadsheet.trending.attention import attention_of
from broadsheet.trending.scoring import ObservedScore, gains_and_scores, hours
from broadsheet.trending.update import read_state

# A cursor: rank, log score and paper number. The digits are limited so that no number is too large
# to parse; every issued cursor fits.
_CURSOR = re.compile(r"([0-9]{1,9})\.(-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,3})\.([0-9]{1,18})")
# A paper that was retracted between two reads.
_RETRACTED = ObservedScore(0.0, 1.0)


def trending(
    database: Database,
    now: datetime,
    today: date,
    limit: int,
    after: str | None = None,
    category: str | None = None,
) -> Trending:
    """List the trending papers by the scores of the last update.

    Parameters
    ----------
    database : Database
        The library.
    now : datetime
        The moment that scores are converted to. Aware UTC.
    today : date
        The day on which ages are computed.
    limit : int
        Maximum number of papers, from 1.
    after : str or None
        Cursor: `after` of the page before.
    category : str or None
        Only papers of this category.

    Raises
    ------
    ValueError
        If `after` is not a cursor of this function.
    """
    rank, place = _place(after)
    with database.read() as connection:
        # With the first paper of the next page, which the last one is compared with.
        found = top_scored(connection, limit + 1, place, category)
        calibration = read_state(connection).calibration
        gains, observed = gains_and_scores(
            connection, [num for num, _, _ in found], now, calibration
        )
        attention = attention_of(connection, gains, now)
    listed = found[:limit]
    scores = {num: score_at(log_score, hours(now)) for num, log_score, _ in found}
    placings = trend_placings(_standings(scores, gains, observed, attention), rank + 1)
    trends = tuple(
        Trend(
            rank + index,
            paper,
            scores[num],
            reason(gains[num], paper.published, today),
            attention[num],
            placings.get(num, ""),
        )
        for index, (num, _, paper) in enumerate(listed, start=1)
    )
    has_more = len(found) > limit
    cursor = f"{rank + len(listed)}.{listed[-1][1].hex()}.{listed[-1][0]}" if has_more else None
    return Trending(trends, cursor)


def _standings(
    scores: Mapping[int, float],
    gains: Mapping[int, RecentGains],
    observed: Mapping[int, ObservedScore],
    attention: Mapping[int, Attention],
) -> dict[int, Standing]:
    return {
        num: Standing(
            shown=shown_score(attention[num]),
            observed=observed.get(num, _RETRACTED).score,
            score=score,
            field_factor=observed.get(num, _RETRACTED).field_factor,
            votes=gains[num].in_period.get(Kind.VOTES, 0.0),
        )
        for num, score in scores.items()
    }


def _place(after: str | None) -> tuple[int, tuple[float, int] | None]:
    """Parse a cursor: the rank of the last paper, and its log score and number."""
    if after is None:
        return 0, None
    cursor = _CURSOR.fullmatch(after)
    if cursor is None:
        raise ValueError("'after' must be the cursor that an earlier page returned")
    rank, log_score, num = cursor.groups()
    return int(rank), (float.fromhex(log_score), int(num))
