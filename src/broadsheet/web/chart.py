"""Chart of a paper's attention over time, as SVG coordinates and as text: pure.

Each kind of attention has its own strip and its own scale above a common time axis: the chart
compares when the kinds rose, not their totals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from broadsheet.model import Kind, Signal
from broadsheet.rules.source_names import source_name
from broadsheet.rules.totals import Total, history
from broadsheet.rules.trend_reason import noun
from broadsheet.web.calendar import date_range, short_date

# Further kinds are not drawn, and no kind with fewer observations: two have no course.
MAX_LINES = 4
MIN_OBSERVATIONS = 3
MAX_POINTS = 120
MAX_ROWS = 30

# In units of the drawing, which is scaled to the page.
WIDTH = 640
_LEFT, _RIGHT = 56, 460
_STRIP_HEIGHT, _LINE_HEIGHT = 64, 40
_TOP, _AXIS_HEIGHT = 12, 34


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of attention, drawn in steps from observation to observation.

    Parameters
    ----------
    kind : Kind
        Kind of attention; also the CSS class.
    newest : str
        Newest total, such as ``1,240``.
    noun : str
        Such as ``stars``.
    sources : str
        Names of the sources that report it, such as ``Hugging Face``.
    highest : str
        Highest total, the upper end of the scale; its lower end is 0.
    path : str
        SVG path data.
    end_x, end_y : float
        Position of the newest observation.
    zero_y, highest_y : float
        Positions of a total of 0 and of the highest.
    rows : tuple of Total
        At most `MAX_ROWS` observations for a table, oldest first.
    observations : int
        Number of observations.
    """

    kind: Kind
    newest: str
    noun: str
    sources: str
    highest: str
    path: str
    end_x: float
    end_y: float
    zero_y: float
    highest_y: float
    rows: tuple[Total, ...]
    observations: int


@dataclass(frozen=True, slots=True)
class Chart:
    """All lines above one time axis.

    Parameters
    ----------
    width, height : int
        Size in units of the drawing.
    left, right, axis_y : float
        Ends and vertical position of the time axis.
    first, last : str
        ISO dates of the ends of the axis.
    lines : tuple of Line
        From top to bottom.
    description : str
        Content of the chart in words, for screen readers.
    """

    width: int
    height: int
    left: float
    right: float
    axis_y: float
    first: str
    last: str
    lines: tuple[Line, ...]
    description: str


def chart(signals: Sequence[Signal]) -> Chart | None:
    """Return the chart of a paper's attention.

    Parameters
    ----------
    signals : sequence of Signal
        In order of time.

    Returns
    -------
    Chart or None
        None if no kind has `MIN_OBSERVATIONS` at different times.
    """
    histories = [(kind, history(signals, kind)) for kind in Kind]
    drawn = [
        (kind, totals)
        for kind, totals in histories
        if len(totals) >= MIN_OBSERVATIONS and any(total.value for total in totals)
    ][:MAX_LINES]
    if not drawn:
        return None
    sources = _sources(signals)
    times = [total.at for _, totals in drawn for total in totals]
    first, last = min(times), max(times)
    axis_y = _TOP + len(drawn) * _STRIP_HEIGHT
    return Chart(
        width=WIDTH,
        height=axis_y + _AXIS_HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        axis_y=axis_y,
        first=first.date().isoformat(),
        last=last.date().isoformat(),
        lines=tuple(
            _line(kind, totals, sources[kind], (first, last), _TOP + place * _STRIP_HEIGHT)
            for place, (kind, totals) in enumerate(drawn)
        ),
        description=" ".join(_sentence(kind, totals) for kind, totals in drawn),
    )


def sample(totals: Sequence[Total], limit: int) -> list[Total]:
    """Return at most `limit` totals, evenly spaced, the first and the newest included."""
    if len(totals) <= limit:
        return list(totals)
    return [totals[round(at * (len(totals) - 1) / (limit - 1))] for at in range(limit)]


def _sources(signals: Sequence[Signal]) -> dict[Kind, str]:
    """Return the names of the sources that report each kind, by name."""
    names: dict[Kind, set[str]] = {}
    for signal in signals:
        names.setdefault(signal.kind, set()).add(source_name(signal.source))
    return {kind: ", ".join(sorted(of)) for kind, of in names.items()}


def _line(
    kind: Kind, totals: Sequence[Total], sources: str, span: tuple[datetime, datetime], top: int
) -> Line:
    first, last = span
    points = sample(_changes(totals), MAX_POINTS)
    highest = max(point.value for point in points) or 1.0
    zero_y = float(top + (_STRIP_HEIGHT + _LINE_HEIGHT) // 2)
    positions = [
        (
            round(_LEFT + (_RIGHT - _LEFT) * ((point.at - first) / (last - first)), 1),
            round(zero_y - _LINE_HEIGHT * point.value / highest, 1),
        )
        for point in points
    ]
    newest = totals[-1].value
    return Line(
        kind=kind,
        newest=f"{newest:,.0f}",
        noun=noun(newest, kind),
        sources=sources,
        highest=f"{highest:,.0f}",
        path=_steps(positions),
        end_x=positions[-1][0],
        end_y=positions[-1][1],
        zero_y=zero_y,
        highest_y=zero_y - _LINE_HEIGHT,
        rows=tuple(sample(totals, MAX_ROWS)),
        observations=len(totals),
    )


def _changes(totals: Sequence[Total]) -> list[Total]:
    """Leave out the totals that repeat the previous one, except the newest."""
    changes = [
        total
        for previous, total in zip([None, *totals], totals, strict=False)
        if previous is None or previous.value != total.value
    ]
    return changes if changes[-1] is totals[-1] else [*changes, totals[-1]]


def _steps(positions: Sequence[tuple[float, float]]) -> str:
    (x, y), *rest = positions
    return f"M{x:g} {y:g}" + "".join(f"H{x:g}V{y:g}" for x, y in rest)


def _sentence(kind: Kind, totals: Sequence[Total]) -> str:
    """Describe the course of a kind, such as ``Upvotes rose from 3 on 4 February to 57 on …``."""
    start, end = totals[0], totals[-1]
    name = kind.capitalize()
    first_day, last_day = start.at.date(), end.at.date()
    until = f"on {short_date(last_day.isoformat())}"
    if start.value == end.value:
        extreme = max(totals, key=lambda total: abs(total.value - start.value)).value
        if extreme != start.value:
            return f"{name} went from {start.value:,.0f} to {extreme:,.0f} and were back {until}."
        between = f"from {date_range(first_day, last_day)}" if first_day < last_day else until
        return f"{name} stayed at {end.value:,.0f} {between}."
    verb = "rose" if end.value > start.value else "fell"
    since = f" on {short_date(first_day.isoformat()).removesuffix(f' {last_day.year}')}"
    return (
        f"{name} {verb} from {start.value:,.0f}{since if first_day < last_day else ''} "
        f"to {end.value:,.0f} {until}."
    )
