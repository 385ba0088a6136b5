"""Find what is rising: score papers by the attention they gain, and follow as it comes."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from sqlalchemy import Connection

from broadsheet.model import Kind
from broadsheet.rules.trend_reason import Gained
from broadsheet.rules.trending import (
    KINDS,
    NOTICED,
    REMEMBERED_H,
    Floats,
    Gains,
    Ints,
    evened,
    gained_within,
    gains_of,
    heat,
    level,
    prior_attention,
    score,
    usual,
)
from broadsheet.rules.vote_weight import Ballot, weighed
from broadsheet.store.database import Database
from broadsheet.store.metadata import get_value, put_value
from broadsheet.store.papers import papers_by_num
from broadsheet.store.trends import (
    Subjects,
    ballots,
    changed_since,
    newest,
    readings,
    replace_scores,
    subjects,
    update_scores,
)
from broadsheet.trending.upvote_prior import predict_upvotes

_POSITION = "trending_position"
_VOTES, _UPVOTES = KINDS.index(Kind.VOTES), KINDS.index(Kind.UPVOTES)
_HOUR_S = 3600.0
_DAY_H, _WEEK_H = 24.0, 7 * 24.0
# What is usual changes slowly, and it takes all papers to see it.
_LEARNT_EVERY_H = 24.0
# Of more, reading all at once is faster than finding each.
_ONE_BY_ONE = 20_000
_TEXTS_AT_ONCE = 5_000
# A paper below that is forgotten: it has a thousandth of what is usual.
_FAINTEST = 0.03
_NONE_BEFORE = -1.0
# No place that was given out needs more digits, and of these no number is too large.
_AFTER = re.compile(r"([0-9]{1,9})\.(-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,3})\.([0-9]{1,18})")


class _Position(BaseModel):
    """How far the levels have followed, and what was usual when all were last scored."""

    signal: int = 0
    change: int = 0
    learnt_h: float = _NONE_BEFORE
    usual: tuple[float, ...] = ()
    evened: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Scored:
    """Papers that may rise, with what they came to.

    Parameters
    ----------
    papers : Subjects
        Which.
    scores : ndarray of float64, shape (papers,)
        0 or more; see :class:`broadsheet.model.trend.Trend`.
    attended : ndarray of bool, shape (papers,)
        Whether attention of late says something of it, and not its text alone.
    usual : ndarray of float64, shape (kinds,)
        What is usual of each kind.
    factors : mapping of str to float
        By how much each category was lifted or lowered.
    """

    papers: Subjects
    scores: Floats
    attended: NDArray[np.bool_]
    usual: Floats
    factors: dict[str, float]


def hours(moment: datetime) -> float:
    """Count the hours since 1970."""
    return moment.timestamp() / _HOUR_S


def score_all(connection: Connection, now: datetime) -> Scored:
    """Score every paper that got attention, or appeared, not long before a moment.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    now : datetime
        What came later is not looked at. Aware UTC.
    """
    papers = subjects(connection, _remembered_since(now), now)
    return _scored(connection, papers, now, None)


def score_between(connection: Connection, start: datetime, end: datetime) -> Scored:
    """Score every paper by what it gained between two moments, early or late.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    start, end : datetime
        Aware UTC.
    """
    papers = subjects(connection, start, end)
    heats = _none_of(papers)
    votes = weighed(ballots(connection, start, end))
    for part, gains in _gains(connection, papers, end, votes):
        heats[part] += gained_within(gains, len(heats[part]), hours(start), hours(end))
    usually = usual(heats)
    scores = score(heats, usually)
    factors = _factors(papers, scores)
    attended = scores >= NOTICED
    return Scored(papers, _evened(papers, scores, factors), attended, usually, factors)


def _score_some(
    connection: Connection, nums: Sequence[int], now: datetime, position: _Position
) -> Scored:
    papers = subjects(connection, _remembered_since(now), now, nums)
    return _scored(connection, papers, now, position)


def _remembered_since(now: datetime) -> datetime:
    return now - timedelta(hours=REMEMBERED_H)


def _none_of(papers: Subjects) -> Floats:
    return np.zeros((len(papers.nums), len(KINDS)))


def _gains(
    connection: Connection,
    papers: Subjects,
    now: datetime,
    votes: Iterable[tuple[Ballot, float]],
) -> Iterator[tuple[slice, Gains]]:
    """Find what came in, some papers at a time; last come votes, by what each weighs."""
    for part, read in readings(connection, papers.nums, now):
        yield part, gains_of(read, papers.began_h[part])
    yield slice(0, len(papers.nums)), _gains_of_votes(papers.nums, votes)


def _gains_of_votes(nums: Ints, votes: Iterable[tuple[Ballot, float]]) -> Gains:
    known = set(nums.tolist())
    mine = [(ballot, weight) for ballot, weight in votes if ballot.num in known]
    at_h = np.array([ballot.at_h for ballot, _ in mine], dtype=np.float64)
    return Gains(
        np.searchsorted(nums, np.array([ballot.num for ballot, _ in mine], dtype=np.int64)),
        np.full(len(mine), _VOTES, dtype=np.int64),
        np.array([weight for _, weight in mine], dtype=np.float64),
        at_h,
        at_h,
    )


def _scored(
    connection: Connection, papers: Subjects, now: datetime, position: _Position | None
) -> Scored:
    now_h, heats = hours(now), _none_of(papers)
    some = None if position is None else papers.nums.tolist()
    votes = weighed(ballots(connection, _remembered_since(now), now, some))
    for part, gains in _gains(connection, papers, now, votes):
        heats[part] += heat(gains, len(heats[part]), now_h)
    usually = usual(heats) if position is None else np.array(position.usual)
    attended = score(heats, usually) >= NOTICED
    heats[:, _UPVOTES] += prior_attention(
        _promised(connection, papers, now_h), papers.appeared_h, now_h
    )
    scores = score(heats, usually)
    factors = _factors(papers, scores) if position is None else position.evened
    return Scored(papers, _evened(papers, scores, factors), attended, usually, factors)


def _factors(papers: Subjects, scores: Floats) -> dict[str, float]:
    lifted = evened(scores, papers.category, len(papers.categories))
    return dict(zip(papers.categories, lifted.tolist(), strict=True))


def _evened(papers: Subjects, scores: Floats, factors: Mapping[str, float]) -> Floats:
    lifted = np.array([factors.get(one, 1.0) for one in papers.categories], dtype=np.float64)
    return scores * lifted[papers.category]


def _promised(connection: Connection, papers: Subjects, now_h: float) -> Floats:
    """Read the texts of new papers; of others a promise has cooled to nothing."""
    promised = np.zeros(len(papers.nums))
    age_h = now_h - papers.appeared_h
    new = np.flatnonzero((age_h >= 0) & (age_h < REMEMBERED_H))
    for start in range(0, len(new), _TEXTS_AT_ONCE):
        some = new[start : start + _TEXTS_AT_ONCE]
        told = papers_by_num(connection, papers.nums[some].tolist())
        known = [at for at in some.tolist() if int(papers.nums[at]) in told]
        promised[known] = predict_upvotes([told[int(papers.nums[at])] for at in known])
    return promised


def update(database: Database, clock: Callable[[], datetime], *, recalibrate: bool = True) -> int:
    """Bring the levels up to what was read and changed since the last time.

    All are scored anew once a day, as what is usual is learnt from all; else only the papers that
    something came of.

    Parameters
    ----------
    database : Database
        The library.
    clock : callable
        Gives the time, aware UTC.
    recalibrate : bool
        Whether all may be scored anew where it is time for it, which may take seconds; without it
        nothing is done then.

    Returns
    -------
    int
        How many papers were scored.
    """
    with database.read() as connection:
        told = get_value(connection, _POSITION)
        position = _Position.model_validate_json(told) if told else _Position()
        # Read first: what is written meanwhile is followed next time, and scored twice at most.
        signal, change = newest(connection)
        # After that, so that nothing these positions have passed is still to come.
        now = clock()
        now_h = hours(now)
        learnt = _is_learnt(position, now_h)
        if told and not learnt and not recalibrate:
            return 0
        moved = changed_since(connection, position.signal, position.change) if learnt else []
        fresh = learnt and len(moved) <= _ONE_BY_ONE
        if fresh and not moved:
            return 0
        found = (
            _score_some(connection, moved, now, position) if fresh else score_all(connection, now)
        )
    reached = position.model_copy(update={"signal": signal, "change": change})
    if not fresh:
        reached = reached.model_copy(
            update={
                "learnt_h": now_h,
                "usual": tuple(found.usual.tolist()),
                "evened": found.factors,
            }
        )
    warm = found.scores > _FAINTEST
    nums, levels = found.papers.nums[warm], level(found.scores[warm], now_h)
    with database.write() as connection:
        if fresh:
            update_scores(connection, moved, nums, levels)
        else:
            replace_scores(connection, nums, levels)
        put_value(connection, _POSITION, reached.model_dump_json())
    return len(found.papers.nums)


def _is_learnt(position: _Position, now_h: float) -> bool:
    recent = 0 <= now_h - position.learnt_h < _LEARNT_EVERY_H
    # An older version may have known fewer kinds.
    return recent and len(position.usual) == len(KINDS)


def gained_by(
    connection: Connection,
    nums: Sequence[int],
    now: datetime,
    longer_h: float = _WEEK_H,
    named: str = "this week",
) -> dict[int, Gained]:
    """Tell what each paper gained up to a moment, in the last day and over a longer time."""
    papers = subjects(connection, now, now, nums)
    now_h, (day, longer) = hours(now), (_none_of(papers), _none_of(papers))
    cast = ballots(connection, now - timedelta(hours=longer_h), now, nums)
    for part, gains in _gains(connection, papers, now, [(ballot, 1.0) for ballot in cast]):
        for gained, length_h in ((day, _DAY_H), (longer, longer_h)):
            gained[part] += gained_within(gains, len(gained[part]), now_h - length_h, now_h)
    told = {
        int(num): Gained(_by_kind(day[at]), _by_kind(longer[at]), named)
        for at, num in enumerate(papers.nums)
    }
    return {num: told.get(num, Gained({}, {}, named)) for num in nums}


def _by_kind(amounts: Floats) -> dict[Kind, float]:
    return {kind: float(amount) for kind, amount in zip(KINDS, amounts, strict=True) if amount > 0}
