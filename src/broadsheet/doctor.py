"""Checks of an installation, and what to do about each problem."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from broadsheet.config import Settings, reveal, secret_files
from broadsheet.model import DeliveryState, SourceState, SubscriptionState
from broadsheet.model.health import Health
from broadsheet.rules.encryption import is_loopback, unencrypted_links
from broadsheet.rules.gaps import gap_spans
from broadsheet.rules.health import is_nearly_full, is_overdue, mails_fail
from broadsheet.rules.humanize import ago, counted

# More than one block, so that a write to a full disk fails.
_PROBE = bytes(64 * 1024)
_READABLE_BY_OTHERS = 0o004


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


def free_bytes(folder: Path) -> int | None:
    """Return the free space on the disk of a folder, or None if the folder cannot be read."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def folder_error(folder: Path) -> str | None:
    """Return why no file can be written in a folder, or None."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(_PROBE)
            file.flush()
    except OSError as error:
        return f"cannot write in {str(folder)!r} ({error.strerror})"
    return None


def check_files(settings: Settings) -> Iterator[Finding]:
    """Check what needs no database: the disk, and who can read the files with passwords."""
    folder = settings.data
    free, error = free_bytes(folder), folder_error(folder)
    if error is not None:
        yield Finding(False, f"{error}: make the folder writable or free space on its disk")
    elif is_nearly_full(free):
        text = f"the disk of {folder} has {(free or 0) / 1e6:.0f} MB left: free some space"
        yield Finding(False, text)
    for path in secret_files(folder):
        if os.name == "posix" and path.stat().st_mode & _READABLE_BY_OTHERS:
            text = f"{path} holds a password and everyone on this machine can read it"
            yield Finding(False, f"{text}: run 'chmod 600 {path}'")


def damaged(settings: Settings, reason: str) -> Finding:
    """Report a damaged database, and how to repair it."""
    if settings.database is not None:
        text = f"the database is damaged ({reason}): stop Broadsheet and restore a backup"
        return Finding(False, text)
    return Finding(
        False,
        f"{settings.data / 'library.sqlite3'} is damaged ({reason}): stop Broadsheet, copy the "
        "data folder, and restore a backup of that file or recover what is readable: "
        "sqlite3 library.sqlite3 .recover | sqlite3 recovered.sqlite3",
    )


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
        yield Finding(True, f"{counted(health.papers, 'paper')} in {settings.data}")
    else:
        yield Finding(False, "the library is empty: run 'broadsheet up' or 'broadsheet import'")
    if health.behind:
        text = f"the index is {counted(health.behind, 'change')} behind: run 'broadsheet index'"
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
    yield Finding(True, counted(confirmed, "confirmed subscription"))
    if health.write_error not in (None, folder_error(settings.data)):
        yield Finding(False, str(health.write_error))
    yield from _mail(health, settings, now)
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


def _mail(health: Health, settings: Settings, now: datetime) -> Iterator[Finding]:
    if settings.smtp is None:
        text = f"mail is written to {settings.outbox}: set BROADSHEET_SMTP to send it"
        yield Finding(True, text)
    elif is_loopback(urlsplit(settings.base_url).hostname):
        text = f"links in mails lead to {settings.base_url}, which only this machine can open"
        yield Finding(False, f"{text}: set BROADSHEET_BASE_URL to the public address")
    waiting = health.deliveries.get(DeliveryState.DUE, 0)
    yield Finding(True, f"{counted(waiting, 'mail')} due")
    oldest = health.mail.oldest_due_at
    if oldest is not None and is_overdue(oldest, now):
        text = f"a mail is due since {ago(oldest, now)}: run 'broadsheet send' or keep the server"
        yield Finding(False, f"{text} running, and check its log")
    if mails_fail(health, now):
        text = f"{counted(health.mail.retrying, 'mail')} failed twice or more ({health.mail.error})"
        yield Finding(False, f"{text}: check the setting 'smtp' and the mail server")
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
            yield Finding(False, f"{counted(number, 'mail')} {state}: {remedy}")
