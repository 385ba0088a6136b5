"""Checks of an installation, and what to do about each problem."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from broadsheet.config import Settings, reveal
from broadsheet.model import DeliveryState, SourceState, SubscriptionState
from broadsheet.model.health import Health
from broadsheet.rules.encryption import unencrypted_links
from broadsheet.rules.gaps import gap_spans
from broadsheet.rules.humanize import ago


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Parameters
    ----------
    ok : bool
        Whether no action is needed.
    text : str
        What was found, and the action if one is needed.
    """

    ok: bool
    text: str


def diagnose(health: Health, settings: Settings, now: datetime, today: date) -> Iterator[Finding]:
    """Check a library.

    Parameters
    ----------
    health : Health
        Its counts and states.
    settings : Settings
        Its settings.
    now : datetime
        Aware UTC.
    today : date
        In the time zone of the settings.
    """
    if health.papers:
        yield Finding(True, f"{health.papers} papers in {settings.data}")
    else:
        yield Finding(False, "the library is empty: run 'broadsheet up' or 'broadsheet import'")
    if health.behind:
        text = f"the index is {health.behind} changes behind: run 'broadsheet index'"
        yield Finding(False, text)
    else:
        yield Finding(True, "the index is up to date")
    if health.rebuilt is not None:
        text = (
            f"the encoder {settings.encoder!r} has computed {health.rebuilt} of {health.papers} "
            "vectors and the previous vectors serve: run 'broadsheet index' or keep the server "
            "running"
        )
        yield Finding(False, text)
    if health.edition == today:
        yield Finding(True, f"today's edition, {today}, is published")
    elif health.is_quiet:
        yield Finding(True, "today has no edition: there are no new papers")
    else:
        newest = f"the newest is of {health.edition}" if health.edition else "none is published yet"
        yield Finding(False, f"today has no edition ({newest}): run 'broadsheet publish'")
    for state in health.sources:
        yield from _source(state, now)
    confirmed = health.subscriptions.get(SubscriptionState.CONFIRMED, 0)
    yield Finding(True, f"{confirmed} confirmed subscriptions")
    yield from _mail(health, settings)
    smtp, database = reveal(settings.smtp), reveal(settings.database)
    for text in unencrypted_links(settings.base_url, smtp, database):
        yield Finding(False, text)


def _source(state: SourceState, now: datetime) -> Iterator[Finding]:
    if not state.exists:
        yield Finding(False, f"the setting 'sources': {state.error}")
        return
    if state.attempted_at is None:
        text = f"{state.name} was never fetched: run 'broadsheet fetch' or keep the server running"
        yield Finding(False, text)
        return
    last = f"fetched {ago(state.succeeded_at, now)}" if state.succeeded_at else "never fetched"
    newest = f", newest record {state.newest}" if state.newest else ""
    due = ago(state.next_at, now) if state.next_at and state.next_at > now else "now"
    summary = f"{state.name}: {last}{newest}, next fetch {due}"
    if state.error:
        times = "once" if state.failures == 1 else f"{state.failures} times"
        yield Finding(False, f"{summary}; failed {times}: {state.error}")
    elif state.is_late(now):
        yield Finding(False, f"{summary}: run 'broadsheet fetch' or keep the server running")
    else:
        yield Finding(True, summary)
    for span in gap_spans(state.gaps):
        reason = "no records" if state.error and state.error in span.reason else span.reason
        text = f"{replace(span, reason=reason)}; the next fetch retries it"
        yield Finding(False, text)


def _mail(health: Health, settings: Settings) -> Iterator[Finding]:
    if settings.smtp is None:
        text = f"mail is written to {settings.outbox}: set BROADSHEET_SMTP to send it"
        yield Finding(True, text)
    waiting = health.deliveries.get(DeliveryState.DUE, 0)
    yield Finding(True, f"{waiting} mails due")
    for state, remedy in (
        (DeliveryState.FAILED, "the mail server or the addresses rejected them"),
        (DeliveryState.UNKNOWN, "'broadsheet send --retry-unknown' sends them again"),
        (
            DeliveryState.CLAIMED,
            "'broadsheet send' settles them if their sender crashed",
        ),
    ):
        number = health.deliveries.get(state, 0)
        if number:
            yield Finding(False, f"{number} mails {state}: {remedy}")
