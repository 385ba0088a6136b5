"""The rows of the status page: what works, what does not, and when each was last done. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from broadsheet.model import DeliveryState, SourceState
from broadsheet.model.health import Health
from broadsheet.rules.gaps import gap_spans
from broadsheet.rules.health import is_overdue, mails_fail
from broadsheet.rules.humanize import counted
from broadsheet.rules.reader_text import without_paths
from broadsheet.web.calendar import long_date

_SETTLED_BADLY = (DeliveryState.FAILED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """The state of one part of the site.

    Parameters
    ----------
    name : str
        The part, such as the name of a source.
    state : str
        Its state in a few words.
    works : bool
        Whether nobody has to act.
    last : datetime or None
        When it last succeeded, aware UTC; None if it never did.
    next : datetime or str or None
        When it is done next, aware UTC, or in words; None if that is not planned.
    notes : tuple of str
        Details, each a phrase or sentence without a full stop.
    """

    name: str
    state: str
    works: bool
    last: datetime | None = None
    next: datetime | str | None = None
    notes: tuple[str, ...] = ()


def status_groups(
    health: Health, publish_at: time, timezone: str, now: datetime
) -> dict[str, Sequence[StatusRow]]:
    """Return the rows of the status page by the heading of their group.

    Parameters
    ----------
    health : Health
        The state of the library.
    publish_at, timezone : time, str
        When editions are published.
    now : datetime
        Aware UTC.
    """
    sources = [_source(state, now) for state in health.sources]
    none = StatusRow("none", "papers are imported from files", works=True)
    return {
        "Sources": sources or [none],
        "Editions": [_edition(health, f"daily at {publish_at:%H:%M} ({timezone})")],
        "Mails": [_mail(health, now)],
        "Search": [_index(health)],
    }


def _source(state: SourceState, now: datetime) -> StatusRow:
    is_late = state.is_late(now)
    if state.error:
        word = "failing"
    elif state.gaps:
        word = "days missing"
    elif not state.attempted_at:
        word = "not fetched yet"
    else:
        word = "late" if is_late else "up to date"
    is_planned = state.exists and state.next_at is not None and state.next_at > now
    return StatusRow(
        state.name,
        word,
        works=word in ("up to date", "not fetched yet"),
        last=state.succeeded_at,
        next=state.next_at if is_planned else "now" if state.exists else None,
        notes=tuple(_source_notes(state)),
    )


def _source_notes(state: SourceState) -> Iterator[str]:
    if state.error:
        yield without_paths(state.error)
    if state.failures > 1:
        yield f"{counted(state.failures, 'failure')} since the last success"
    if state.newest:
        yield f"newest data of {long_date(state.newest)}"
    for span in gap_spans(state.gaps):
        days = long_date(span.first)
        if span.days > 1:
            days = f"{days} to {long_date(span.last)}"
        yield f"{counted(span.days, 'day')} missing, {days}: {without_paths(span.reason)}"
    for gap in state.closed_gaps:
        result = "abandoned, the source has no more records" if gap.abandoned else "filled"
        yield f"{long_date(gap.day)}: {without_paths(gap.reason)}; {result}"


def _edition(health: Health, due: str) -> StatusRow:
    notes = []
    if health.edition:
        notes.append(f"{counted(health.edition_papers, 'paper')} on {long_date(health.edition)}")
    if health.late_edition:
        notes.append(f"no edition of {long_date(health.late_edition)}")
    elif health.is_quiet:
        notes.append("no news today")
    word = "late" if health.late_edition else "published" if health.edition else "none yet"
    return StatusRow(
        "daily edition",
        word,
        works=health.late_edition is None,
        last=health.published_at,
        next=due,
        notes=tuple(notes),
    )


def _mail(health: Health, now: datetime) -> StatusRow:
    mail, due = health.mail, health.deliveries.get(DeliveryState.DUE, 0)
    if mails_fail(health, now):
        word, works = "failing", False
    elif is_overdue(mail.oldest_due_at, now):
        word, works = "late", False
    else:
        word, works = f"{due:,} due" if due else "none due", True
    notes = [f"{mail.retrying:,} retrying"] if mail.retrying else []
    notes += [
        f"{health.deliveries[state]:,} {state}"
        for state in _SETTLED_BADLY
        if health.deliveries.get(state)
    ]
    upcoming = mail.oldest_due_at
    return StatusRow(
        "outbox",
        word,
        works=works,
        last=mail.sent_at,
        next=None if upcoming is None else upcoming if upcoming > now else "now",
        notes=tuple(notes),
    )


def _index(health: Health) -> StatusRow:
    notes = [counted(health.papers, "paper")]
    word = "up to date"
    if health.behind:
        word = f"{counted(health.behind, 'change')} behind"
    if health.rebuilt is not None:
        word = "being rebuilt"
        notes.append(f"{health.rebuilt:,} of {health.papers:,} done")
    return StatusRow("index", word, works=True, notes=tuple(notes))
