"""The attention that a paper got over time, as shapes to draw and words to read: pure.

Each kind has a strip of its own with a scale of its own, all above one axis of time: what is
compared is when they rose, not how high they stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from broadsheet.model import Kind, Signal
from broadsheet.rules.totals import Total, history
from broadsheet.rules.trend_reason import noun
from broadsheet.web.calendar import date_range, short_date

# Further kinds are not drawn.
MAX_LINES = 4
MAX_POINTS = 120
MAX_ROWS = 30

# In units of the drawing, which is scaled to the page.
WIDTH = 640
_LEFT, _RIGHT = 4, 460
_STRIP, _HIGH = 64, 40
_TOP, _AXIS = 12, 34


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of attention, drawn in steps from reading to reading.

    Parameters
    ----------
    kind : Kind
        Which; it names the style of the line.
    newest : str
        Such as ``1,240``.
    noun : str
        Such as ``stars``.
    path : str
        SVG path data; empty where there is a single reading.
    end_x, end_y : float
        Where the newest reading stands.
    ground_y : float
        Where none would stand.
    rows : tuple of Total
        Readings for a table, oldest first, thinned to `MAX_ROWS`.
    readings : int
        How many there were.
    """

    kind: Kind
    newest: str
    noun: str
    path: str
    end_x: float
    end_y: float
    ground_y: float
    rows: tuple[Total, ...]
    readings: int


@dataclass(frozen=True, slots=True)
class Chart:
    """All lines above one axis of time.

    Parameters
    ----------
    width, height : int
        Of the drawing, in its own units.
    left, right, axis_y : float
        Where the axis of time begins and ends, and how deep it lies.
    first, last : str
        ISO dates at its ends.
    lines : tuple of Line
        From above.
    words : str
        What the lines show, for those who hear it.
    """

    width: int
    height: int
    left: float
    right: float
    axis_y: float
    first: str
    last: str
    lines: tuple[Line, ...]
    words: str


def chart(signals: Sequence[Signal]) -> Chart | None:
    """Draw the attention that a paper got.

    Parameters
    ----------
    signals : sequence of Signal
        In order of time.

    Returns
    -------
    Chart or None
        None where there are no two readings at different times.
    """
    told = [(kind, history(signals, kind)) for kind in Kind]
    drawn = [(kind, of) for kind, of in told if any(one.value for one in of)][:MAX_LINES]
    moments = [one.at for _, of in drawn for one in of]
    if not moments or min(moments) == max(moments):
        return None
    first, last = min(moments), max(moments)
    axis_y = _TOP + len(drawn) * _STRIP
    return Chart(
        width=WIDTH,
        height=axis_y + _AXIS,
        left=_LEFT,
        right=_RIGHT,
        axis_y=axis_y,
        first=first.date().isoformat(),
        last=last.date().isoformat(),
        lines=tuple(
            _line(kind, of, first, last, _TOP + place * _STRIP)
            for place, (kind, of) in enumerate(drawn)
        ),
        words=" ".join(_sentence(kind, of) for kind, of in drawn),
    )


def thinned(told: Sequence[Total], most: int) -> list[Total]:
    """Keep some of many readings, evenly, the first and the newest among them."""
    if len(told) <= most:
        return list(told)
    return [told[round(at * (len(told) - 1) / (most - 1))] for at in range(most)]


def _line(kind: Kind, told: Sequence[Total], first: datetime, last: datetime, top: int) -> Line:
    points = thinned(_turns(told), MAX_POINTS)
    highest = max(one.value for one in points) or 1.0
    ground_y = float(top + (_STRIP + _HIGH) // 2)
    placed = [
        (
            round(_LEFT + (_RIGHT - _LEFT) * ((one.at - first) / (last - first)), 1),
            round(ground_y - _HIGH * one.value / highest, 1),
        )
        for one in points
    ]
    value = told[-1].value
    return Line(
        kind=kind,
        newest=f"{value:,.0f}",
        noun=noun(value, kind),
        path=_steps(placed),
        end_x=placed[-1][0],
        end_y=placed[-1][1],
        ground_y=ground_y,
        rows=tuple(thinned(told, MAX_ROWS)),
        readings=len(told),
    )


def _turns(told: Sequence[Total]) -> list[Total]:
    """Leave out the readings that repeat the one before, but for the last."""
    changed = [
        one
        for before, one in zip([None, *told], told, strict=False)
        if before is None or before.value != one.value
    ]
    return changed if changed[-1] is told[-1] else [*changed, told[-1]]


def _steps(placed: Sequence[tuple[float, float]]) -> str:
    if len(placed) < 2:
        return ""
    (x, y), *rest = placed
    return f"M{x:g} {y:g}" + "".join(f"H{x:g}V{y:g}" for x, y in rest)


def _sentence(kind: Kind, told: Sequence[Total]) -> str:
    """Say how a kind went, such as ``Upvotes rose from 3 on 4 February to 57 on …``."""
    begun, ended = told[0], told[-1]
    name = kind.capitalize()
    first_day, last_day = begun.at.date(), ended.at.date()
    until = f"on {short_date(last_day.isoformat())}"
    if len(told) == 1:
        return f"{name} were {ended.value:,.0f} {until}."
    if begun.value == ended.value:
        farthest = max(told, key=lambda one: abs(one.value - begun.value)).value
        if farthest != begun.value:
            return f"{name} went from {begun.value:,.0f} to {farthest:,.0f} and were back {until}."
        between = f"from {date_range(first_day, last_day)}" if first_day < last_day else until
        return f"{name} stayed at {ended.value:,.0f} {between}."
    went = "rose" if ended.value > begun.value else "fell"
    since = f" on {short_date(first_day.isoformat()).removesuffix(f' {last_day.year}')}"
    return (
        f"{name} {went} from {begun.value:,.0f}{since if first_day < last_day else ''} "
        f"to {ended.value:,.0f} {until}."
    )
