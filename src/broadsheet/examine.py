"""What `doctor` looks at: each thing that can be wrong, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from broadsheet.config import Settings
from broadsheet.health import Health
from broadsheet.model import DeliveryState, SourceState, SubscriptionState

_SOON = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Parameters
    ----------
    ok : bool
        Whether nothing needs to be done.
    text : str
        What was seen, and where not ok what to do.
    """

    ok: bool
    text: str


def examine(health: Health, settings: Settings, now: datetime, today: date) -> Iterator[Finding]:
    """Judge how a library fares.

    Parameters
    ----------
    health : Health
        What was counted.
    settings : Settings
        How it is set up.
    now : datetime
        Aware UTC.
    today : date
        In the newspaper's time zone.
    """
    if health.papers:
        yield Finding(True, f"{health.papers} papers in {settings.data}")
    else:
        yield Finding(False, "the library is empty: run 'broadsheet up' or 'broadsheet import'")
    if health.behind:
        text = f"the index is {health.behind} changes behind: run 'broadsheet index'"
        yield Finding(False, text)
    else:
        yield Finding(True, "the index is level with the library")
    if health.built is not None:
        text = (
            f"the vectors of {settings.encoder!r} are made of {health.built} of {health.papers} "
            "papers, and older ones serve: run 'broadsheet index', or let the server go on"
        )
        yield Finding(False, text)
    if health.edition == today:
        yield Finding(True, f"today's edition, {today}, is published")
    else:
        newest = f"the newest is of {health.edition}" if health.edition else "there is none yet"
        yield Finding(False, f"today has no edition, {newest}: run 'broadsheet publish'")
    for state in health.sources:
        yield from _source(state, now)
    confirmed = health.subscriptions.get(SubscriptionState.CONFIRMED, 0)
    yield Finding(True, f"{confirmed} confirmed subscriptions")
    yield from _mail(health, settings)


def _source(state: SourceState, now: datetime) -> Iterator[Finding]:
    if not state.can_be_asked:
        yield Finding(False, f"the setting 'sources': {state.error}")
        return
    if state.asked_at is None:
        text = f"{state.name} was never fetched: run 'broadsheet fetch', or let the server go on"
        yield Finding(False, text)
        return
    came = f", newest of {state.newest}" if state.newest else ""
    if state.error:
        last = _ago(state.succeeded_at, now) if state.succeeded_at else "never"
        yield Finding(
            False,
            f"{state.name} failed {state.failures} times, last fetched {last}{came}: {state.error}",
        )
    elif state.is_late(now):
        last = _ago(state.succeeded_at, now) if state.succeeded_at else "never"
        text = f"{state.name} was fetched {last}{came}: run 'broadsheet fetch', or keep it serving"
        yield Finding(False, text)
    else:
        until = state.next_at - now if state.next_at else timedelta()
        later = (
            f"next in {until.total_seconds() / 3600:.0f} hours" if until > _SOON else "next soon"
        )
        yield Finding(True, f"{state.name} fetched {_ago(state.asked_at, now)}{came}, {later}")
    for gap in state.gaps:
        yield Finding(
            False,
            f"{state.name} has a gap on {gap.day}, {gap.why}: it is filled by itself once the "
            "service has it, or by 'broadsheet fetch'",
        )


def _ago(then: datetime, now: datetime) -> str:
    hours = (now - then).total_seconds() / 3600
    return f"{hours / 24:.0f} days ago" if hours >= 48 else f"{hours:.0f} hours ago"


def _mail(health: Health, settings: Settings) -> Iterator[Finding]:
    if settings.smtp is None:
        text = f"mail is written to {settings.outbox}: set BROADSHEET_SMTP to send it"
        yield Finding(True, text)
    waiting = health.deliveries.get(DeliveryState.DUE, 0)
    yield Finding(True, f"{waiting} mails due")
    for state, remedy in (
        (DeliveryState.FAILED, "the addresses or the mail server refused them"),
        (DeliveryState.UNKNOWN, "'broadsheet send --retry-unknown' sends them again"),
        (DeliveryState.CLAIMED, "a sender is at work or has died: 'broadsheet send' settles it"),
    ):
        number = health.deliveries.get(state, 0)
        if number:
            yield Finding(False, f"{number} mails {state}: {remedy}")
