"""Period: the day, week or month of an edition."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Self


class Span(StrEnum):
    """The length of a period."""

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
        Its length.
    """

    first: date
    span: Span = Span.DAY

    @classmethod
    def containing(cls, day: date, span: Span = Span.DAY) -> Self:
        """Return the period of this length that contains a day.

        Examples
        --------
        >>> str(Period.containing(date(2026, 2, 20), Span.WEEK))
        '2026-W08'
        """
        if span is Span.WEEK:
            day -= timedelta(days=day.weekday())
        elif span is Span.MONTH:
            day = day.replace(day=1)
        return cls(day, span)

    @classmethod
    def parse(cls, text: str, span: Span) -> Self:
        """Parse ``2026-02-20``, ``2026-W08`` or ``2026-02``.

        Raises
        ------
        ValueError
            If the text has another format, or the day, week or month does not exist.
        """
        forms = {Span.DAY: text, Span.WEEK: f"{text}-1", Span.MONTH: f"{text}-01"}
        period = cls(date.fromisoformat(forms[span]), span)
        if str(period) != text:
            raise ValueError(f"{text!r} is not a {span}")
        return period

    @property
    def after(self) -> date:
        """The first day after the period."""
        if self.span is Span.MONTH:
            return (self.first.replace(day=28) + timedelta(days=4)).replace(day=1)
        return self.first + timedelta(days=7 if self.span is Span.WEEK else 1)

    @property
    def last(self) -> date:
        """The last day of the period."""
        return self.after - timedelta(days=1)

    def __str__(self) -> str:
        if self.span is Span.WEEK:
            year, week, _ = self.first.isocalendar()
            return f"{year}-W{week:02}"
        return self.first.isoformat()[: 7 if self.span is Span.MONTH else 10]
