"""The line that shows a paper's attention, and its course as a small drawing. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from broadsheet.model import Attention, Count, EditionItem, Kind, Trend
from broadsheet.rules.source_names import source_name
from broadsheet.rules.trend_reason import noun

# Kinds whose place need not be said: one repository has the stars, whoever counts them.
_PLACELESS = frozenset({Kind.STARS, Kind.CITATIONS})
_MAX_COUNTS = 5
# Size of the drawing, and the space for the width of its line.
SPARK_WIDTH, SPARK_HEIGHT, _MARGIN = 64, 16, 2
_DAY_H = 24


class LinePart(NamedTuple):
    """A part of the line, and whether it is emphasised."""

    text: str
    strong: bool = False


def line_parts(attention: Attention) -> tuple[LinePart, ...]:
    """Return the attention of a paper in words, emphasised where it ranks the paper.

    A place is named once: the counts that follow are from there too, until another is named. A
    gain that is the whole total is left out.

    Examples
    --------
    >>> upvotes = Count(Kind.UPVOTES, 214, 126, "today", ("hf",))
    >>> counts = (upvotes, Count(Kind.COMMENTS, 3, 0, "today", ("hf",)))
    >>> "".join(part.text for part in line_parts(Attention(counts)))
    '▲ 214 on Hugging Face, +126 today, 3 comments'
    """
    parts: list[LinePart] = []
    named = ""
    for count in attention.counts[:_MAX_COUNTS]:
        total = f"{round(count.total):,}"
        is_first = not parts
        if not is_first:
            parts.append(LinePart(", "))
        if count.kind is Kind.UPVOTES:
            parts.append(LinePart(f"▲ {total}", is_first))
        else:
            parts.append(LinePart(f"{total} {noun(count.total, count.kind)}", is_first))
        place = " and ".join(dict.fromkeys(map(source_name, count.places)))
        if place and place != named and count.kind not in _PLACELESS:
            parts.append(LinePart(f" on {place}"))
            named = place
        if count.kind.weight and 0 < round(count.gained) < round(count.total):
            parts.append(LinePart(", "))
            parts.append(LinePart(f"+{round(count.gained):,} {count.since}", strong=True))
    return tuple(parts)


def attention_line(attention: Attention | None) -> str:
    """Return the attention of a paper in words; empty without any."""
    return "".join(part.text for part in line_parts(attention)) if attention else ""


def rank_line(listed: EditionItem | Trend) -> str:
    """Return the attention of a paper in an edition or among the trending, and its placing.

    Editions of earlier versions, and papers without attention, have a reason instead.
    """
    line = attention_line(listed.attention)
    return ". ".join(filter(None, (line or listed.reason, listed.placing)))


@dataclass(frozen=True, slots=True)
class Spark:
    """A small drawing of the course of one kind.

    Parameters
    ----------
    path : str
        SVG path data, in a drawing of `SPARK_WIDTH` by `SPARK_HEIGHT`.
    label : str
        The course in words.
    """

    path: str
    label: str


def spark(attention: Attention | None) -> Spark | None:
    """Return the drawing of a paper's attention; None with fewer than three observations.

    Examples
    --------
    >>> upvotes = Count(Kind.UPVOTES, 9, 9, "today", ("hf",))
    >>> spark(Attention((upvotes,), ((20, 1), (10, 4), (0, 9))))
    Spark(path='M2 13L32 9L62 2', label='Upvotes: 1, 4, 9 within 20 hours')
    """
    if attention is None or not attention.course:
        return None
    course = attention.course
    oldest_h, newest_h = course[0][0], course[-1][0]
    highest = max(total for _, total in course) or 1.0
    width, height = SPARK_WIDTH - 2 * _MARGIN, SPARK_HEIGHT - 2 * _MARGIN
    places = [
        (
            round(_MARGIN + width * (oldest_h - at_h) / ((oldest_h - newest_h) or 1.0)),
            round(_MARGIN + height * (1 - total / highest)),
        )
        for at_h, total in course
    ]
    path = "L".join(f"{x} {y}" for x, y in places)
    return Spark(f"M{path}", _course_in_words(attention.counts[0], attention.course))


def _course_in_words(count: Count, course: tuple[tuple[float, float], ...]) -> str:
    length_h = round(course[0][0] - course[-1][0])
    days = round(length_h / _DAY_H)
    length = f"{length_h} hours" if length_h < 2 * _DAY_H else f"{days} days"
    totals = [f"{round(total):,}" for _, total in course]
    if len(totals) > 3:
        totals = [totals[0], totals[len(totals) // 2], totals[-1]]
    return f"{count.kind.capitalize()}: {', '.join(totals)} within {length}"
