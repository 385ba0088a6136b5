"""Decide what an operator has to act on: the state of the database, the disk and the mail."""

from datetime import date, datetime, time, timedelta

from broadsheet.model.health import Health, Status
from broadsheet.rules.humanize import counted

# A mail is sent within seconds of being due, and 10,000 digests within minutes.
_OVERDUE = timedelta(hours=1)
_MIN_FREE_BYTES = 100_000_000
_SCARCE_BYTES = 1_000_000_000


def status_of(health: Health, now: datetime) -> Status:
    """Return whether a library can be read, and whether all of it works."""
    if health.damage:
        return Status.UNAVAILABLE
    return Status.DEGRADED if problems(health, now) else Status.OK


def problems(health: Health, now: datetime) -> list[str]:
    """Describe what is wrong, without addresses, paths and messages of other programs.

    Parameters
    ----------
    health : Health
        The state of a library.
    now : datetime
        Aware UTC.

    Returns
    -------
    list of str
        One sentence each, for anyone to read; ``broadsheet doctor`` has the details.
    """
    mail = health.mail
    found = (
        (health.damage is not None, "the database is damaged"),
        (health.write_error is not None, "the library accepts no writes"),
        (is_nearly_full(health.free_bytes), "the disk is nearly full"),
        (is_overdue(mail.oldest_due_at, now), "mails that are due are not sent"),
        (mails_fail(health, now), "the last mails could not be sent"),
        (health.late_edition is not None, "the edition of the day is late"),
    )
    failing = [state.name for state in health.sources if state.error is not None]
    sources = [f"{counted(len(failing), 'source')} cannot be fetched: {', '.join(failing)}"]
    return [text for is_found, text in found if is_found] + (sources if failing else [])


def last_due_day(local_now: datetime, publish_at: time, hold: timedelta) -> date:
    """Return the last day whose edition should be published by now, however long it was held.

    Parameters
    ----------
    local_now : datetime
        In the time zone of the editions.
    publish_at : time
        When an edition is due.
    hold : timedelta
        The longest that it waits for its sources.
    """
    due = timedelta(hours=publish_at.hour, minutes=publish_at.minute)
    return (local_now - due - hold - _OVERDUE).date()


def is_nearly_full(free_bytes: int | None) -> bool:
    """Return whether a disk has less than 100 MB left."""
    return free_bytes is not None and free_bytes < _MIN_FREE_BYTES


def is_scarce(free_bytes: int | None) -> bool:
    """Return whether a disk has less than 1 GB left."""
    return free_bytes is not None and free_bytes < _SCARCE_BYTES


def is_overdue(oldest_due_at: datetime | None, now: datetime) -> bool:
    """Return whether a mail has been due for an hour: no process sends, or one mail blocks it."""
    return oldest_due_at is not None and now - oldest_due_at >= _OVERDUE


def mails_fail(health: Health, now: datetime) -> bool:
    """Return whether a mail failed twice and none was sent within the hour."""
    mail = health.mail
    return mail.error is not None and (mail.sent_at is None or now - mail.sent_at >= _OVERDUE)
