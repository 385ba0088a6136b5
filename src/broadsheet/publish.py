"""Freeze the day's edition, and make one delivery per subscription due."""

from datetime import date, datetime

from broadsheet.model import Edition
from broadsheet.rules.edition import choose
from broadsheet.store.database import Database
from broadsheet.store.deliveries import make_digests_due
from broadsheet.store.editions import candidates, freeze, last_printed

_CANDIDATES_PER_PLACE = 50


def publish(
    database: Database, day: date, size: int, now: datetime, note: str | None = None
) -> Edition:
    """Freeze a day's edition; a day that has one gets a further revision.

    Parameters
    ----------
    database : Database
        The library.
    day : date
        The edition's day.
    size : int
        How many papers at most.
    now : datetime
        Aware UTC.
    note : str or None
        What the edition lacks.
    """
    with database.write() as connection:
        printed = last_printed(connection, day)
        newest = size * _CANDIDATES_PER_PLACE + len(printed)
        items = choose(candidates(connection, day, newest), printed, day, size)
        return freeze(connection, day, items, now, note)


def make_due(database: Database, day: date, library_id: str, host: str, now: datetime) -> int:
    """Make a day's digest due for each confirmed subscription that has none yet.

    A further revision of the same day makes nothing due again: a reader gets one mail a day.

    Parameters
    ----------
    database : Database
        The library.
    day : date
        The edition's day.
    library_id, host : str
        As in :func:`broadsheet.store.deliveries.make_digests_due`.
    now : datetime
        Aware UTC.

    Returns
    -------
    int
        How many were made.
    """
    with database.write() as connection:
        return make_digests_due(connection, day, library_id, host, now)
