"""Period: the day, week or month that an edition is for."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Self


class Span(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A day, an ISO week or a month.

    Parameters
    ----------
    first : date
        Its first day: a Monday for a week, the first for a month.
    span : Span
        How long it is.
    """

    first: date
    span: Span = Span.DAY

    @classmethod
    def holding(cls, day: date, span: Span = Span.DAY) -> Self:
        """Give the period of a span that a day is in.

        Examples
        --------
        >>> str(Period.holding(date(2026, 2, 20), Span.WEEK))
        '2026-W08'
        """
        if span is Span.WEEK:
            day -= timedelta(days=day.weekday())
        elif span is Span.MONTH:
            day = day.replace(day=1)
        return cls(day, span)

    @classmethod
    def parse(cls, text: str, span: Span) -> Self:
        """Read ``2026-02-20``, ``2026-W08`` or ``2026-02``.

        Raises
        ------
        ValueError
            Where it is not written so, or there is no such day, week or month.
        """
        forms = {Span.DAY: text, Span.WEEK: f"{text}-1", Span.MONTH: f"{text}-01"}
        period = cls(date.fromisoformat(forms[span]), span)
        if str(period) != text:
            raise ValueError(f"{text!r} is no {span}")
        return period

    @property
    def after(self) -> date:
        """The first day that is no longer in it."""
        if self.span is Span.MONTH:
            return (self.first.replace(day=28) + timedelta(days=4)).replace(day=1)
        return self.first + timedelta(days=7 if self.span is Span.WEEK else 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.after - timedelta(days=1)

    def __str__(self) -> str:
        if self.span is Span.WEEK:
            year, week, _ = self.first.isocalendar()
            return f"{year}-W{week:02}"
        return self.first.isoformat()[: 7 if self.span is Span.MONTH else 10]
