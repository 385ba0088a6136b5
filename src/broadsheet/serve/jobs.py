"""The day's clock: while a server runs, the edition is made and mailed when it is time."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from broadsheet.errors import BroadsheetError
from broadsheet.library import Library

_log = logging.getLogger("broadsheet.serve.jobs")
_TICK_S = 20.0
_GRACE = timedelta(minutes=30)
# After how long a day without news is looked at again.
_LOOK_AGAIN = timedelta(hours=1)
# A few seconds' work each: the clock's other parts wait for it.
_REFINED_A_TICK, _BUILD_A_TICK_S = 512, 5.0


def tick(library: Library) -> None:
    """Do what is due by now; doing it again at once does nothing.

    The index and the trends are brought level with the library, the day's edition is published
    once its hour has come, what is due is mailed, and some sharper vectors are made. Each part is
    tried even where another fails.

    Parameters
    ----------
    library : Library
        Whose clock it is.
    """
    parts = (
        partial(library.update_index, build_for_s=_BUILD_A_TICK_S),
        library.trending.update,
        partial(_print_today, library),
        library.outbox.send_due,
        library.subscriptions.forget_unconfirmed,
        partial(library.reranker.fill, _REFINED_A_TICK),
    )
    for part in parts:
        try:
            part()
        except BroadsheetError as error:
            _log.error("%s", error)
        except Exception:
            _log.exception("a part of the clock failed; the others go on")


def fetch_tick(library: Library) -> None:
    """Ask the sources whose time has come."""
    try:
        for report in library.sources.fetch_due():
            for gap in report.gaps:
                _log.warning("%s has a gap on %s: %s", gap.source, gap.day, gap.why)
            if report.error:
                _log.warning("%s: %s", report.source, report.error)
    except BroadsheetError as error:
        _log.error("%s", error)
    except Exception:
        _log.exception("fetching failed; it is tried again")


def _print_today(library: Library) -> None:
    """Publish an edition once its hour has come, and make it due to late subscribers.

    An edition waits for the sources that bring its papers, into the next day where it must. On a
    day without news, as week-ends may be, none is printed unless some comes later that day.
    """
    zone = ZoneInfo(library.settings.timezone)
    hold = timedelta(hours=library.settings.hold_hours)
    for day in (library.today - timedelta(days=1), library.today):
        due = datetime.combine(day, library.settings.publish_at, zone)
        # By its latest hour yesterday's was printed, unless nobody was there to do it.
        too_late = day < library.today and library.now > due + hold + _GRACE
        if library.now < due or too_late:
            continue
        if library.editions.exists(day):
            library.outbox.enqueue(day)
        elif library.editions.is_quiet(day, _LOOK_AGAIN):
            continue
        elif library.now >= due + hold or library.sources.ready(day):
            library.editions.publish(day)


class Clock:
    """Ticks in a thread of its own between entering and leaving.

    Parameters
    ----------
    library : Library
        Whose clock it is.
    do : callable
        What is done at each tick; it raises nothing.
    tick_s : float
        Seconds between two ticks.
    """

    def __init__(
        self, library: Library, do: Callable[[Library], None] = tick, tick_s: float = _TICK_S
    ) -> None:
        self._library = library
        self._do = do
        self._tick_s = tick_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._do(self._library)
            self._stop.wait(self._tick_s)
