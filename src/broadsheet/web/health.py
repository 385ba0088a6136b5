"""The health check for monitors: at most one check a second, in a thread of its own."""

import logging
import threading
import time
from dataclasses import dataclass

import anyio
from anyio import CapacityLimiter, to_thread

from broadsheet.errors import BroadsheetError, StoreError
from broadsheet.library import Library
from broadsheet.model import DeliveryState
from broadsheet.model.health import Health, Status
from broadsheet.rules.health import problems, status_of
from broadsheet.rules.reader_text import without_paths

_FRESH_S = 1.0
_WAIT_S = 1.5
# While the process is overloaded, the last report is better than none.
_USABLE_S = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The result of one check.

    Parameters
    ----------
    status : Status
        Whether pages can be served, and whether all works.
    document : dict
        The JSON document.
    health : Health or None
        The counts; None if they cannot be read.
    """

    status: Status
    document: dict[str, object]
    health: Health | None = None


class HealthMonitor:
    """Checks a library on request, one check at a time, in a thread of its own.

    The pages' threads may all be busy; the check waits for none of them.

    Parameters
    ----------
    library : Library
        The library.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._limiter = CapacityLimiter(1)
        self._checking = threading.Lock()
        self._last: HealthReport | None = None
        self._checked_at = float("-inf")

    async def report(self) -> HealthReport:
        """Return a report of the last second, or after 1.5 s the last one of this minute."""
        if self._age_s() > _FRESH_S:
            with anyio.move_on_after(_WAIT_S):
                await to_thread.run_sync(
                    self._refresh, limiter=self._limiter, abandon_on_cancel=True
                )
        if self._last is None or self._age_s() > _USABLE_S:
            return _unavailable("the check took too long")
        return self._last

    def _age_s(self) -> float:
        return time.monotonic() - self._checked_at

    def _refresh(self) -> None:
        # A check that hangs must not keep the thread of each further request.
        if not self._checking.acquire(timeout=_WAIT_S):
            return
        try:
            if self._age_s() > _FRESH_S:
                self._last = check(self._library)
                self._checked_at = time.monotonic()
        finally:
            self._checking.release()


def check(library: Library) -> HealthReport:
    """Check a library; nothing is raised if it cannot be read."""
    try:
        health = library.health()
    except StoreError as error:
        _log.error("health check: %s", error)
        return _unavailable("the library cannot be read")
    except BroadsheetError as error:
        _log.error("health check: %s", error)
        return _unavailable("the index cannot be read")
    status = status_of(health, library.now)
    document = _document(health, status, problems(health, library.now))
    return HealthReport(status, document, health)


def _document(health: Health, status: Status, found: list[str]) -> dict[str, object]:
    mail = health.mail
    return {
        "status": status,
        "problems": found,
        "papers": health.papers,
        "behind": health.behind,
        "edition": health.edition.isoformat() if health.edition else None,
        "sources": [
            {
                "source": state.name,
                "succeeded_at": state.succeeded_at.isoformat() if state.succeeded_at else None,
                "failures": state.failures,
            }
            for state in health.sources
        ],
        "gaps": [
            {"source": gap.source, "day": gap.day.isoformat(), "why": without_paths(gap.reason)}
            for state in health.sources
            for gap in state.gaps
        ],
        "due": health.deliveries.get(DeliveryState.DUE, 0),
        "oldest_due_at": mail.oldest_due_at.isoformat() if mail.oldest_due_at else None,
        "retrying": mail.retrying,
        "failed": health.deliveries.get(DeliveryState.FAILED, 0),
        "unknown": health.deliveries.get(DeliveryState.UNKNOWN, 0),
        "last_sent_at": mail.sent_at.isoformat() if mail.sent_at else None,
    }


def _unavailable(problem: str) -> HealthReport:
    status = Status.UNAVAILABLE
    return HealthReport(status, {"status": status, "problems": [problem]})
