"""Checks of an installation, and what to do about each problem."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from broadsheet.config import Settings, reveal, secret_files, unknown_variables
from broadsheet.model import DeliveryState, SourceState, SubscriptionState
from broadsheet.model.health import Health
from broadsheet.rules.encryption import unencrypted_links
from broadsheet.rules.gaps import gap_spans
from broadsheet.rules.health import is_nearly_full, is_overdue, is_scarce, mails_fail
from broadsheet.rules.humanize import ago, counted
from broadsheet.rules.public_address import is_local

# More than one block, so that a write to a full disk fails.
_PROBE = bytes(64 * 1024)
_READABLE_BY_OTHERS = 0o004
# The clocks of two machines that are set over the network differ by less.
_CLOCK_TOLERANCE = timedelta(minutes=2)


class Level(StrEnum):
    """What a finding asks of the operator: nothing, a look, or an action."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Parameters
    ----------
    level : Level
        ERROR if the newspaper cannot do its work, WARNING if it works with less or at a risk.
    check : str
        What was checked, such as ``index``.
    text : str
        What was found, and the action if one is needed.
    """

    level: Level
    check: str
    text: str

    @property
    def ok(self) -> bool:
        """Whether no action is needed."""
        return self.level is Level.OK


def _ok(check: str, text: str) -> Finding:
    return Finding(Level.OK, check, text)


def _warning(check: str, text: str) -> Finding:
    return Finding(Level.WARNING, check, text)


def _error(check: str, text: str) -> Finding:
    return Finding(Level.ERROR, check, text)


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


def check_machine(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Check what needs no database: the disk, the time zone, the variables, who reads secrets."""
    if settings.data.is_dir():
        yield _disk(settings.data)
    yield _time_zone(settings, now)
    for path in secret_files(settings.data):
        if os.name == "posix" and path.stat().st_mode & _READABLE_BY_OTHERS:
            text = f"{path} holds a password and everyone on this machine can read it"
            yield _warning("settings", f"{text}: run 'chmod 600 {path}'")
    for name in unknown_variables():
        text = f"variable {name} names no setting and is ignored"
        yield _warning("settings", f"{text}: 'broadsheet config show' lists the settings")


def _disk(folder: Path) -> Finding:
    free, error = free_bytes(folder), folder_error(folder)
    if error is not None:
        return _error("disk", f"{error}: make the folder writable or free space on its disk")
    text = f"{(free or 0) / 1e9:,.1f} GB free for {folder}"
    if is_nearly_full(free):
        text = f"the disk of {folder} has {(free or 0) / 1e6:.0f} MB left: free some space"
        return _error("disk", text)
    if is_scarce(free):
        return _warning("disk", f"{text}: an update of the index may need more")
    return _ok("disk", text)


def _time_zone(settings: Settings, now: datetime) -> Finding:
    text = f"days are counted in {settings.timezone}"
    local = now.astimezone()
    if now.astimezone(ZoneInfo(settings.timezone)).utcoffset() == local.utcoffset():
        return _ok("time zone", text)
    text = f"{text}, and the time zone of this machine is {local.tzname()}"
    if "timezone" in settings.model_fields_set:
        return _ok("time zone", text)
    return _warning("time zone", f"{text}: set 'timezone' to one of the two")


def damaged(settings: Settings, reason: str) -> Finding:
    """Report a damaged database, and how to repair it."""
    file = settings.library_file
    if file is None:
        text = f"the database is damaged ({reason}): stop Broadsheet and restore a backup"
        return _error("library", text)
    return _error(
        "library",
        f"{file} is damaged ({reason}): stop Broadsheet, copy the "
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
        yield _ok("library", f"{counted(health.papers, 'paper')} in {settings.data}")
    else:
        text = "the library is empty: run 'broadsheet up' or 'broadsheet import'"
        yield _warning("library", text)
    if health.write_error not in (None, folder_error(settings.data)):
        yield _error("library", str(health.write_error))
    yield from _index(health, settings)
    yield _edition(health, settings, now, today)
    for state in health.sources:
        yield from _source(state, now)
    yield from _clock(health, now)
    yield from _mail(health, settings, now)
    smtp, database = reveal(settings.smtp), reveal(settings.database)
    for text in unencrypted_links(settings.base_url, smtp, database):
        yield _warning("encryption", text)


def _index(health: Health, settings: Settings) -> Iterator[Finding]:
    if health.behind:
        text = f"the index is {counted(health.behind, 'change')} behind: run 'broadsheet index'"
        yield _warning("index", text)
    else:
        yield _ok("index", "the index is up to date")
    if health.rebuilt is not None:
        text = (
            f"the encoder {settings.encoder!r} has computed {health.rebuilt} of {health.papers} "
            "vectors and the previous vectors serve: run 'broadsheet index' or keep the server "
            "running"
        )
        yield _warning("index", text)


def _edition(health: Health, settings: Settings, now: datetime, today: date) -> Finding:
    if health.edition == today:
        return _ok("edition", f"today's edition, {today}, is published")
    if health.is_quiet:
        return _ok("edition", "today has no edition: there are no new papers")
    newest = f"the newest is of {health.edition}" if health.edition else "none is published yet"
    due_at = datetime.combine(today, settings.publish_at, ZoneInfo(settings.timezone))
    if health.late_edition is None and now < due_at:
        due = f"{settings.publish_at:%H:%M} {settings.timezone}, {ago(due_at, now)}"
        return _ok("edition", f"today's edition is due at {due}; {newest}")
    text = f"today has no edition ({newest}): run 'broadsheet publish' or keep the server running"
    # Whoever never published may use the search alone.
    is_late = health.late_edition is not None and health.edition is not None
    return Finding(Level.ERROR if is_late else Level.WARNING, "edition", text)


def _clock(health: Health, now: datetime) -> Iterator[Finding]:
    times = [state.attempted_at for state in health.sources]
    known = [at for at in (*times, health.published_at, health.mail.sent_at) if at is not None]
    newest = max(known, default=None)
    if newest is None:
        return
    if newest - now > _CLOCK_TOLERANCE:
        text = f"this machine says {now:%Y-%m-%d %H:%M} UTC, but the library has an entry of"
        yield _warning("clock", f"{text} {newest:%Y-%m-%d %H:%M}: check the clock")
    else:
        yield _ok("clock", f"{now:%Y-%m-%d %H:%M} UTC, after every entry of the library")


def _source(state: SourceState, now: datetime) -> Iterator[Finding]:
    if not state.exists:
        yield _error("sources", f"the setting 'sources': {state.error}")
        return
    if state.attempted_at is None:
        text = f"{state.name} was never fetched: run 'broadsheet fetch' or keep the server running"
        yield _warning("sources", text)
        return
    last = f"fetched {ago(state.succeeded_at, now)}" if state.succeeded_at else "never fetched"
    newest = f", newest record {state.newest}" if state.newest else ""
    due = ago(state.next_at, now) if state.next_at and state.next_at > now else "now"
    summary = f"{state.name}: {last}{newest}, next fetch {due}"
    if state.error:
        times = "once" if state.failures == 1 else f"{state.failures} times"
        yield _warning("sources", f"{summary}; failed {times}: {state.error}")
    elif state.is_late(now):
        text = f"{summary}: run 'broadsheet fetch' or keep the server running"
        yield _warning("sources", text)
    else:
        yield _ok("sources", summary)
    for span in gap_spans(state.gaps):
        reason = "no records" if state.error and state.error in span.reason else span.reason
        text = f"{replace(span, reason=reason)}; the next fetch retries it"
        yield _warning("sources", text)


def _mail(health: Health, settings: Settings, now: datetime) -> Iterator[Finding]:
    confirmed = health.subscriptions.get(SubscriptionState.CONFIRMED, 0)
    waiting = health.deliveries.get(DeliveryState.DUE, 0)
    counts = f"{counted(confirmed, 'confirmed subscription')}, {counted(waiting, 'mail')} due"
    yield _ok("mail", counts)
    yield _address(settings)
    if settings.smtp is None:
        text = f"mail is written to {settings.outbox}: set BROADSHEET_SMTP to send it"
        yield _ok("mail", text)
    oldest = health.mail.oldest_due_at
    if oldest is not None and is_overdue(oldest, now):
        text = f"a mail is due since {ago(oldest, now)}: run 'broadsheet send' or keep the server"
        yield _error("mail", f"{text} running, and check its log")
    if mails_fail(health, now):
        text = f"{counted(health.mail.retrying, 'mail')} failed twice or more ({health.mail.error})"
        yield _error("mail", f"{text}: check the setting 'smtp' and the mail server")
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
            yield _warning("mail", f"{counted(number, 'mail')} {state}: {remedy}")


def _address(settings: Settings) -> Finding:
    if not is_local(settings.base_url):
        return _ok("address", f"links in mails and feeds lead to {settings.base_url}")
    text = f"links in mails lead to {settings.base_url}, which only this machine can open"
    remedy = "set BROADSHEET_BASE_URL to the public address"
    if settings.smtp is None:
        return _ok("address", f"{text}: {remedy}")
    return _error("address", f"{text}, so no mail is sent: {remedy}")
