"""The checks of a library that can be opened, one after the other."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from broadsheet.config import Settings
from broadsheet.delivery.outbox import Outbox
from broadsheet.doctor import Finding, Level, check_machine, damaged, diagnose
from broadsheet.editions.editions import Editions
from broadsheet.errors import BroadsheetError, DamagedError, NotFoundError
from broadsheet.mail import check_server
from broadsheet.model.health import Health
from broadsheet.store.database import Database


def findings(
    database: Database,
    settings: Settings,
    editions: Editions,
    outbox: Outbox,
    health: Callable[[], Health],
    now: datetime,
) -> list[Finding]:
    """Check a library, its mail server and its machine; nothing is changed.

    Parameters
    ----------
    health : callable
        Counts what the library holds. What it raises is a finding.
    now : datetime
        Aware UTC.
    """
    found = []
    try:
        found += [damaged(settings, reason) for reason in database.integrity_errors()[:1]]
        with suppress(NotFoundError):
            editions.read()
        address = outbox.address() or settings.base_url
        addressed = settings.model_copy(update={"base_url": address})
        today = now.astimezone(ZoneInfo(settings.timezone)).date()
        found += diagnose(health(), addressed, now, today)
    except DamagedError as error:
        found.append(damaged(settings, error.reason))
    except BroadsheetError as error:
        found.append(Finding(Level.ERROR, "library", str(error)))
    return [*found, *_mail_server(settings), *check_machine(settings, now)]


def _mail_server(settings: Settings) -> Iterator[Finding]:
    if settings.smtp is None:
        return
    try:
        server = check_server(settings.smtp.get_secret_value())
    except BroadsheetError as error:
        yield Finding(Level.ERROR, "mail", f"{error}: check the setting 'smtp'")
    else:
        yield Finding(Level.OK, "mail", f"the mail server {server} accepts connections")
