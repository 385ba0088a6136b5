"""What a library holds and what is pending, for the pages and the checks of an operator."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from broadsheet.config import Settings
from broadsheet.doctor import folder_error, free_bytes
from broadsheet.editions.editions import Editions
from broadsheet.index.local.engine import LocalEngine
from broadsheet.ingest.schedule import Scheduler
from broadsheet.model import Span
from broadsheet.model.health import Health
from broadsheet.rules.health import last_due_day
from broadsheet.store import changes, deliveries, papers, subscriptions
from broadsheet.store import editions as published
from broadsheet.store.database import Database


def health_of(
    database: Database,
    index: LocalEngine | None,
    editions: Editions,
    sources: Scheduler,
    settings: Settings,
    now: datetime,
) -> Health:
    """Count what a library holds and what is pending.

    Parameters
    ----------
    index : LocalEngine or None
        None if its folder does not exist: counting creates nothing.
    now : datetime
        The current time, aware UTC.
    """
    local_now = now.astimezone(ZoneInfo(settings.timezone))
    due_day = last_due_day(local_now, settings.publish_at, timedelta(hours=settings.hold_hours))
    quiet_today = editions.is_quiet(local_now.date(), timedelta(days=1))
    quiet = quiet_today or editions.is_quiet(due_day, timedelta(days=2))
    states = tuple(sources.states())
    write_error = database.write_error() or folder_error(settings.data)
    with database.read() as connection:
        days = published.periods_published(connection, Span.DAY, 1)
        count = papers.count(connection)
        edition = published.edition(connection, days[0]) if days else None
        newest = edition.date if edition else None
        is_late = count and not quiet and (newest is None or newest < due_day)
        return Health(
            papers=count,
            behind=max(0, changes.last_change(connection) - (index.position if index else 0)),
            rebuilt=index.papers_rebuilt if index and index.rebuild_pending else None,
            edition=newest,
            late_edition=due_day if is_late else None,
            is_quiet=quiet_today,
            subscriptions=subscriptions.counts(connection),
            deliveries=deliveries.counts(connection),
            sources=states,
            mail=deliveries.backlog(connection),
            damage=database.damage,
            write_error=write_error,
            free_bytes=free_bytes(settings.data),
            published_at=edition.published_at if edition else None,
            edition_papers=len(edition.items) if edition else 0,
        )
