"""What `doctor` looks at: each thing that can be wrong, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from broadsheet.config import Settings
from broadsheet.model import DeliveryState, SourceState, SubscriptionState
from broadsheet.model.health import Health
from broadsheet.rules.gaps import stretches
from broadsheet.rules.humanize import ago


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


def diagnose(health: Health, settings: Settings, now: datetime, today: date) -> Iterator[Finding]:
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
    if health.rebuilt is not None:
        text = (
            f"the vectors of {settings.encoder!r} are made of {health.rebuilt} of {health.papers} "
            "papers, and older ones serve: run 'broadsheet index', or let the server go on"
        )
        yield Finding(False, text)
    if health.edition == today:
        yield Finding(True, f"today's edition, {today}, is published")
    elif health.is_quiet:
        yield Finding(True, "nothing new has come today, so it has no edition yet")
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
    last = f"fetched {ago(state.succeeded_at, now)}" if state.succeeded_at else "never fetched"
    came = f", newest of {state.newest}" if state.newest else ""
    later = ago(state.next_at, now) if state.next_at and state.next_at > now else "now"
    told = f"{state.name} was {last}{came}, next {later}"
    if state.error:
        times = "once" if state.failures == 1 else f"{state.failures} times"
        yield Finding(False, f"{told}; it failed {times}: {state.error}")
    elif state.is_late(now):
        yield Finding(False, f"{told}: run 'broadsheet fetch', or let the server go on")
    else:
        yield Finding(True, told)
    for stretch in stretches(state.gaps):
        why = "nothing came" if state.error and state.error in stretch.why else stretch.why
        text = f"{replace(stretch, why=why)}; it is asked for again by itself"
        yield Finding(False, text)


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
