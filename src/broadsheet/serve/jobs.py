"""The periodic jobs of a library: what each does, and how often."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from broadsheet.errors import BroadsheetError, MailError
from broadsheet.library import Library
from broadsheet.serve.runner import Job

_log = logging.getLogger("broadsheet.serve.jobs")
# An edition that missed its latest publication time by more than this is not published.
_GRACE = timedelta(minutes=30)
# A day without news is checked again after this time.
_QUIET_CHECK = timedelta(hours=1)
# Bounds of one run, so that these two jobs leave the processor to the pages.
_RERANK_VECTORS_PER_RUN, _REBUILD_S_PER_RUN = 512, 5.0


def library_jobs(library: Library, is_stopping: Callable[[], bool] = lambda: False) -> list[Job]:
    """Return the jobs of a library; none depends on another having run.

    Parameters
    ----------
    library : Library
        The library.
    is_stopping : callable, optional
        Ends a mailing after the current mail, and the computing of vectors after the current
        batch, when it returns True.
    """
    return [
        Job("index", 20.0, partial(library.update_index, build_for_s=_REBUILD_S_PER_RUN)),
        # Scores votes, which readers expect to see soon.
        Job("trending", 3.0, library.trending.update),
        Job("publish", 20.0, partial(publish_due, library)),
        *_mail_jobs(library, is_stopping),
        Job("fetch", 20.0, partial(_fetch, library)),
        Job(
            "rerank vectors",
            20.0,
            partial(
                library.reranker.compute_missing, _RERANK_VECTORS_PER_RUN, is_stopping=is_stopping
            ),
        ),
        Job("unconfirmed subscriptions", 3600.0, library.subscriptions.delete_unconfirmed),
    ]


def _mail_jobs(library: Library, is_stopping: Callable[[], bool]) -> list[Job]:
    if refusal := library.outbox.refusal():
        _log.error("%s, and start the server again", refusal)
        return []
    # A person waits for a confirmation mail. If nothing is due, a run is one query.
    return [Job("mail", 1.0, partial(_send_mail, library, is_stopping))]


def remember_address(library: Library) -> None:
    """Store the address of this server for other processes; a failure is logged."""
    try:
        library.outbox.remember_address(library.settings.base_url)
    except BroadsheetError as error:
        _log.warning("the address of this server cannot be stored: %s", error)


def publish_due(library: Library) -> None:
    """Publish the edition of yesterday or today if it is due, and enqueue it for new subscribers.

    An edition is due at ``publish_at`` if its leading sources were fetched, else ``hold_hours``
    later, which may be on the next day. A day without news is not published until news arrives. A
    sample edition is published again once papers are fetched, and not enqueued before.
    """
    _replace_sample(library)
    zone = ZoneInfo(library.settings.timezone)
    hold = timedelta(hours=library.settings.hold_hours)
    for day in (library.today - timedelta(days=1), library.today):
        due = datetime.combine(day, library.settings.publish_at, zone)
        is_expired = day < library.today and library.now > due + hold + _GRACE
        if library.now < due or is_expired:
            continue
        if library.editions.exists(day):
            if not (library.settings.source_names and library.editions.read(day).is_sample):
                library.outbox.enqueue(day)
        elif library.editions.is_quiet(day, _QUIET_CHECK):
            continue
        elif library.now >= due + hold or library.sources.ready(day):
            library.editions.publish(day)


def _replace_sample(library: Library) -> None:
    today = library.today
    if not library.editions.exists(today) or library.editions.is_quiet(today, _QUIET_CHECK):
        return
    edition = library.editions.read(today)
    if edition.is_sample and library.sources.fetched_since(edition.published_at):
        replaced = library.editions.replace_sample()
        if replaced is not None:
            _log.info("revision %d replaces the sample edition of today", replaced.revision)


def _send_mail(library: Library, is_stopping: Callable[[], bool]) -> None:
    report = library.outbox.send_due(is_stopping=is_stopping)
    if report.stopped_early:
        raise MailError(f"the mailing stopped after repeated errors: {report.error}")
    if report.error:
        _log.warning("%s", report.error)


def _fetch(library: Library) -> None:
    for report in (*library.sources.fetch_requested(), *library.sources.fetch_due()):
        for gap in report.gaps:
            _log.warning("%s has a gap on %s: %s", gap.source, gap.day, gap.reason)
        if report.error:
            _log.warning("%s: %s", report.source, report.error)
