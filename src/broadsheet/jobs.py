"""The day's clock: while a server runs, the edition is made and mailed when it is time."""

import logging
import threading
from functools import partial
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from broadsheet.errors import BroadsheetError
from broadsheet.library import Library

_log = logging.getLogger("broadsheet.jobs")
_TICK_S = 20.0
# A few seconds' work each: the clock's other parts wait for it.
_REFINED_A_TICK, _BUILD_A_TICK_S = 512, 5.0


def tick(library: Library) -> None:
    """Do what is due by now; doing it again at once does nothing.

    The index is brought level with the library, the day's edition is published once its hour has
    come, what is due is mailed, and some sharper vectors are made. Each part is tried even where
    another fails.

    Parameters
    ----------
    library : Library
        Whose clock it is.
    """
    parts = (
        partial(library.update_index, build_for_s=_BUILD_A_TICK_S),
        partial(_print_today, library),
        library.deliver_due,
        library.forget_unconfirmed,
        partial(library.refine, _REFINED_A_TICK),
    )
    for part in parts:
        try:
            part()
        except BroadsheetError as error:
            _log.error("%s", error)
        except Exception:
            _log.exception("a part of the clock failed; the others go on")


def _print_today(library: Library) -> None:
    """Publish today's edition once its hour has come, and make it due to late subscribers."""
    zone = ZoneInfo(library.settings.timezone)
    if library.now.astimezone(zone).time() < library.settings.publish_at:
        return
    if library.has_edition(library.today):
        library.make_due(library.today)
    else:
        library.publish()


class Clock:
    """Ticks in a thread of its own between entering and leaving.

    Parameters
    ----------
    library : Library
        Whose clock it is.
    tick_s : float
        Seconds between two ticks.
    """

    def __init__(self, library: Library, tick_s: float = _TICK_S) -> None:
        self._library = library
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
            tick(self._library)
            self._stop.wait(self._tick_s)
