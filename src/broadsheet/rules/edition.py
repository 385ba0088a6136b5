"""Which papers stand in an edition, in which order, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from broadsheet.model import EditionItem, Paper, Period, Pick, Section, Span
from broadsheet.rules.dates import first_day
from broadsheet.rules.trend_reason import Gained, age, reason

# The share of a day's places kept for papers that nobody has noticed yet.
NEW_SHARE = 0.25
# Papers this alike are on one topic, and each further one on a topic counts for so much less.
ALIKE = 0.5
TOPIC_AGAIN = 0.7
_WIDER = 4
_FAINT, _DEEP = 1e-6, 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may be printed.

    Parameters
    ----------
    paper : Paper
        The paper.
    score : float
        As :func:`broadsheet.rules.trending.score` gives it, 0 or more.
    attended : bool
        Whether it got any attention in the time that counts.
    promise : float
        What its text predict_upvotes; it tells papers of the same score apart.
    gained : Gained
        What it gained.
    votes : int
        Local votes so far.
    """

    paper: Paper
    score: float
    attended: bool
    promise: float
    gained: Gained
    votes: int


@dataclass(frozen=True, slots=True)
class Printed:
    """How a paper stood in earlier editions of the same span.

    Parameters
    ----------
    score : float
        The highest score it was printed with.
    rose : bool
        Whether attention brought it there, and not its text alone.
    """

    score: float
    rose: bool


def news(
    candidates: Sequence[Candidate],
    printed: Mapping[str, Printed],
    picks: Sequence[Pick],
    size: int,
) -> list[Candidate]:
    """Choose what is worth looking at for an edition, the best first.

    Parameters
    ----------
    candidates : sequence of Candidate
        What may be printed.
    printed : mapping of paper id to Printed
        What was printed before. A paper that stands higher now rises again; else it is no news.
    picks : sequence of Pick
        The editor's word on papers.
    size : int
        How many papers the edition has at most.

    Returns
    -------
    list of Candidate
        More than the edition holds, those the editor picked among them, none that was dropped.
    """
    placed = {pick.paper_id for pick in picks if pick.place is not None}
    dropped = {pick.paper_id for pick in picks if pick.place is None}
    risen = [
        one
        for one in candidates
        if one.paper.id in placed
        or (one.paper.id not in dropped and _is_news(one, printed.get(one.paper.id)))
    ]
    ranked = sorted(risen, key=_order)
    rising = islice((one for one in ranked if one.attended), _WIDER * size)
    new = islice((one for one in ranked if not one.attended), _WIDER * size)
    wanted = {one.paper.id for one in (*rising, *new)} | placed
    return [one for one in ranked if one.paper.id in wanted]


def _is_news(candidate: Candidate, before: Printed | None) -> bool:
    return before is None or (candidate.attended and candidate.score > before.score)


def _order(candidate: Candidate) -> tuple[float, int, float, str]:
    paper = candidate.paper
    # Of equal score, the newer and then the more promising comes first.
    day = first_day(paper.published).toordinal() if paper.published else 0
    return (-candidate.score, -day, -candidate.promise, paper.id)


def choose(
    ranked: Sequence[Candidate],
    likeness: NDArray[np.float32],
    printed: Mapping[str, Printed],
    picks: Sequence[Pick],
    period: Period,
    today: date,
    size: int,
) -> list[EditionItem]:
    """Choose and order an edition's papers.

    First those that rise, then those that are new and that nobody has noticed yet; each further
    paper on one topic counts for less; the editor's picks stand where the editor put them.

    Parameters
    ----------
    ranked : sequence of Candidate
        As :func:`news` gives them.
    likeness : ndarray of float32, shape (len(ranked), len(ranked))
        How alike each two are in meaning, up to 1.
    printed : mapping of paper id to Printed
        As in :func:`news`.
    picks : sequence of Pick
        The editor's word on papers.
    period : Period
        What the edition is for.
    today : date
        The day that ages are told on.
    size : int
        How many papers at most.

    Returns
    -------
    list of EditionItem
        In order of rank.
    """
    pins = {pick.paper_id: pick for pick in picks if pick.place is not None}
    placed = [at for at, one in enumerate(ranked) if one.paper.id in pins]
    rest = [at for at in range(len(ranked)) if at not in placed]
    rising = [at for at in rest if ranked[at].attended]
    new = [at for at in rest if not ranked[at].attended]
    room = max(0, size - len(placed))
    for_new = min(len(new), round(NEW_SHARE * size) if period.span is Span.DAY else 0)
    rising = _varied(ranked, rising, likeness, placed, max(0, room - for_new))
    new = _varied(ranked, new, likeness, placed + rising, room - len(rising))
    order = [(at, Section.TRENDING) for at in rising] + [(at, Section.NEW) for at in new]
    order = _with_pins(order, [(pins[ranked[at].paper.id].place or 1, at) for at in placed])
    return [
        _item(rank, ranked[at], section, printed.get(ranked[at].paper.id), pins, today)
        for rank, (at, section) in enumerate(order[:size], start=1)
    ]


def _with_pins(
    order: Sequence[tuple[int, Section]], placed: Sequence[tuple[int, int]]
) -> list[tuple[int, Section]]:
    """Put picks in their places; of several for one place the next ones stand below."""
    held = list(order)
    lowest = 0
    for place, at in sorted(placed):
        where = min(max(place - 1, lowest), len(held))
        section = held[where if where < len(held) else -1][1] if held else Section.TRENDING
        held.insert(where, (at, section))
        lowest = where + 1
    return held


def _varied(
    ranked: Sequence[Candidate],
    among: Sequence[int],
    likeness: NDArray[np.float32],
    above: Sequence[int],
    count: int,
) -> list[int]:
    """Take the best again and again, where what is on a topic that stands above counts for less."""
    left, taken = list(among), list(above)
    # What has no score is told apart by its place, so that topics differ there, too.
    worth = {at: max(ranked[at].score, _FAINT / (_DEEP + at)) for at in among}
    chosen: list[int] = []
    while left and len(chosen) < count:
        weights = {
            at: worth[at] * TOPIC_AGAIN ** int((likeness[at, taken] >= ALIKE).sum()) for at in left
        }
        best = max(left, key=lambda at: (weights[at], -at))
        left.remove(best)
        taken.append(best)
        chosen.append(best)
    return chosen


def _item(
    rank: int,
    candidate: Candidate,
    section: Section,
    before: Printed | None,
    pins: Mapping[str, Pick],
    today: date,
) -> EditionItem:
    paper = candidate.paper
    pick = pins.get(paper.id)
    return EditionItem(
        rank=rank,
        paper_id=paper.id,
        title=paper.title,
        abstract=paper.abstract,
        authors=paper.authors,
        categories=paper.categories,
        published=paper.published,
        link=paper.link,
        votes=candidate.votes,
        reason=_why(candidate, before, today),
        section=section,
        score=candidate.score,
        picked=pick is not None,
        comment=pick.comment if pick else None,
        notice=paper.notice,
    )


def _why(candidate: Candidate, before: Printed | None, today: date) -> str:
    if not candidate.attended:
        return f"by its topic and wording, {age(candidate.paper.published, today)}"
    told = reason(candidate.gained, candidate.paper.published, today)
    return f"{told}, risen again" if before and before.rose else told
