"""Choose the papers of an edition, their order and their reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from broadsheet.model import EditionItem, Paper, Period, Pick, Section, Span
from broadsheet.rules.artifacts import artifact_urls
from broadsheet.rules.dates import first_day
from broadsheet.rules.trend_reason import RecentGains, age, reason

# The share of a day's edition that is reserved for new papers without attention.
NEW_SHARE = 0.25
# Papers with a cosine of at least this are on one topic.
SIMILARITY_THRESHOLD = 0.5
# Factor of a paper's score for each paper on its topic that ranks higher.
TOPIC_PENALTY = 0.7
# How the reason of a paper ends that was in an earlier edition.
TRENDING_AGAIN = "trending again"
_SHORTLIST_FACTOR = 4
# The score that stands in for none, divided by rank, so that the topic penalty applies there too.
_TINY_SCORE, _TINY_SCORE_RANKS = 1e-6, 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may be selected.

    Parameters
    ----------
    paper : Paper
        The paper.
    score : float
        As :func:`broadsheet.rules.trending.score` returns it, 0 or more.
    has_attention : bool
        Whether it got attention recently.
    predicted_upvotes : float
        Orders papers of equal score and date.
    gains : RecentGains
        What it gained.
    votes : int
        Votes of readers so far.
    observed_score : float
        The score of its attention alone, before predicted interest and its field count.
    field_factor : float
        The factor that normalises the scores of its field.
    is_new : bool
        Whether it appeared since the previous edition, or in the week before the first.
    from_starter : bool
        Whether all its records came from the starter library.
    """

    paper: Paper
    score: float
    has_attention: bool
    predicted_upvotes: float
    gains: RecentGains
    votes: int
    observed_score: float = 0.0
    field_factor: float = 1.0
    is_new: bool = True
    from_starter: bool = False


@dataclass(frozen=True, slots=True)
class PastSelection:
    """A paper's record in earlier editions of the same span.

    Parameters
    ----------
    score : float
        The highest score it was selected with.
    was_trending : bool
        Whether it was selected for attention, not for predicted interest alone.
    """

    score: float
    was_trending: bool


def shortlist(
    candidates: Sequence[Candidate],
    past: Mapping[str, PastSelection],
    picks: Sequence[Pick],
    size: int,
) -> list[Candidate]:
    """Return the best candidates of each section, the highest score first.

    A paper of an earlier edition is a candidate only if its score is higher than it was then. A
    paper of the starter library without attention is one only if there are no other papers. A
    paper that the editor placed always is one, a paper that the editor dropped never is.

    Parameters
    ----------
    candidates : sequence of Candidate
        All papers considered.
    past : mapping of paper id to PastSelection
        Papers of earlier editions.
    picks : sequence of Pick
        The editor's picks.
    size : int
        Maximum number of papers in the edition.

    Returns
    -------
    list of Candidate
        Up to four times the size for each section, and the editor's picks.
    """
    placed = {pick.paper_id for pick in picks if pick.place is not None}
    dropped = {pick.paper_id for pick in picks if pick.place is None}
    eligible = [
        candidate
        for candidate in candidates
        if candidate.paper.id in placed
        or (candidate.paper.id not in dropped and _is_news(candidate, past.get(candidate.paper.id)))
    ]
    if not all(candidate.from_starter for candidate in eligible):
        eligible = [one for one in eligible if not _is_filler(one) or one.paper.id in placed]
    ranked = sorted(eligible, key=_order)
    limit = _SHORTLIST_FACTOR * size
    trending = islice((one for one in ranked if one.has_attention), limit)
    new = islice((one for one in ranked if not one.has_attention), limit)
    listed = {one.paper.id for one in (*trending, *new)} | placed
    return [one for one in ranked if one.paper.id in listed]


def _is_news(candidate: Candidate, past: PastSelection | None) -> bool:
    return past is None or (candidate.has_attention and candidate.score > past.score)


def _is_filler(candidate: Candidate) -> bool:
    return candidate.from_starter and not candidate.has_attention


def _order(candidate: Candidate) -> tuple[float, int, float, str]:
    paper = candidate.paper
    day = first_day(paper.published).toordinal() if paper.published else 0
    return (-candidate.score, -day, -candidate.predicted_upvotes, paper.id)


def select_items(
    ranked: Sequence[Candidate],
    similarity: NDArray[np.float32],
    past: Mapping[str, PastSelection],
    picks: Sequence[Pick],
    period: Period,
    today: date,
    size: int,
) -> list[EditionItem]:
    """Select and order the papers of an edition.

    Trending papers come first, then new papers, then others. Each further paper on one topic
    counts for less.

    Parameters
    ----------
    ranked : sequence of Candidate
        As :func:`shortlist` returns them.
    similarity : ndarray of float32, shape (len(ranked), len(ranked))
        Cosine of each two papers, up to 1.
    past : mapping of paper id to PastSelection
        As in :func:`shortlist`.
    picks : sequence of Pick
        The editor's picks.
    period : Period
        The day, week or month.
    today : date
        The day on which ages are computed.
    size : int
        Maximum number of papers.

    Returns
    -------
    list of EditionItem
        In order of rank.
    """
    pins = {pick.paper_id: pick for pick in picks if pick.place is not None}
    placed = [row for row, one in enumerate(ranked) if one.paper.id in pins]
    rest = [row for row in range(len(ranked)) if row not in placed]
    trending = [row for row in rest if ranked[row].has_attention]
    without = [row for row in rest if not ranked[row].has_attention]
    room = max(0, size - len(placed))
    reserved = min(len(without), round(NEW_SHARE * size) if period.span is Span.DAY else 0)
    trending = _diversified(ranked, trending, similarity, placed, max(0, room - reserved))
    order = [(row, Section.TRENDING) for row in trending]
    for section, is_new in ((Section.NEW, True), (Section.LIBRARY, False)):
        among = [row for row in without if ranked[row].is_new is is_new]
        above = placed + [row for row, _ in order]
        chosen = _diversified(ranked, among, similarity, above, room - len(order))
        order += [(row, section) for row in chosen]
    order = _with_pins(order, [(pins[ranked[row].paper.id].place or 1, row) for row in placed])
    return [
        _item(rank, ranked[row], section, past.get(ranked[row].paper.id), pins, today)
        for rank, (row, section) in enumerate(order[:size], start=1)
    ]


def _with_pins(
    order: Sequence[tuple[int, Section]], placed: Sequence[tuple[int, int]]
) -> list[tuple[int, Section]]:
    """Insert picks at their places; of several for one place the later ones come below."""
    result = list(order)
    lowest = 0
    for place, row in sorted(placed):
        index = min(max(place - 1, lowest), len(result))
        section = result[min(index, len(result) - 1)][1] if result else Section.TRENDING
        result.insert(index, (row, section))
        lowest = index + 1
    return result


def _diversified(
    ranked: Sequence[Candidate],
    among: Sequence[int],
    similarity: NDArray[np.float32],
    above: Sequence[int],
    count: int,
) -> list[int]:
    """Select the best repeatedly; a paper on a topic that ranks higher already counts for less."""
    left, taken = list(among), list(above)
    scores = {row: max(ranked[row].score, _TINY_SCORE / (_TINY_SCORE_RANKS + row)) for row in among}
    selected: list[int] = []
    while left and len(selected) < count:
        on_topic = {
            row: int((similarity[row, taken] >= SIMILARITY_THRESHOLD).sum()) for row in left
        }
        best = max(left, key=lambda row: (scores[row] * TOPIC_PENALTY ** on_topic[row], -row))
        left.remove(best)
        taken.append(best)
        selected.append(best)
    return selected


def _item(
    rank: int,
    candidate: Candidate,
    section: Section,
    past: PastSelection | None,
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
        reason=_reason(candidate, past, today),
        section=section,
        score=candidate.score,
        picked=pick is not None,
        comment=pick.comment if pick else None,
        notice=paper.notice,
        summary=paper.summary,
        venue=paper.venue,
        version=paper.version,
        artifacts=artifact_urls(paper),
        from_starter=candidate.from_starter,
    )


def _reason(candidate: Candidate, past: PastSelection | None, today: date) -> str:
    if not candidate.has_attention:
        return f"selected by predicted interest, {age(candidate.paper.published, today)}"
    text = reason(candidate.gains, candidate.paper.published, today)
    return f"{text}, {TRENDING_AGAIN}" if past and past.was_trending else text
