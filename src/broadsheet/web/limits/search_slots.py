"""How many searches run at once, and how many requests may wait for one."""

import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from anyio import CapacityLimiter, fail_after
from fastapi import Depends, HTTPException, Request

from broadsheet.web.dependencies import client_network
from broadsheet.web.metrics import Metrics

WAITING, WAITING_OF_A_NETWORK = 128, 64
WAIT_S = 4.0
_RETRY_S = 5

_BUSY = "Too many searches are running; try again in a few seconds."
_BUSY_NETWORK = (
    "Too many searches from your network are running; wait for the answers, then try again."
)


def processors() -> int:
    """Return how many processors this process may use."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return len(os.sched_getaffinity(0))


class SearchSlots:
    """Runs a few searches at a time; others wait in order, or are refused.

    A search computes all the time, so more at once than cores only make each slower. The threads
    that render other pages stay free, and so does the health check.

    Parameters
    ----------
    slots : int, optional
        Searches at once, from 1; by default the processors that this process may use.
    metrics : Metrics, optional
        Counts the searches, their waits and their times.
    """

    def __init__(self, slots: int | None = None, metrics: Metrics | None = None) -> None:
        self._metrics = metrics
        self._limiter = CapacityLimiter(slots or processors())
        self._present: Counter[str] = Counter()

    @asynccontextmanager
    async def one(self, network: str) -> AsyncIterator[None]:
        """Wait for a slot, and hold it.

        Parameters
        ----------
        network : str
            The client's network; it may use a half of the places.

        Raises
        ------
        HTTPException
            503 with ``Retry-After`` if all places are taken, or if `WAIT_S` have passed.
        """
        if self._present[network] >= WAITING_OF_A_NETWORK:
            raise _refusal(_BUSY_NETWORK)
        if self._present.total() >= WAITING:
            raise _refusal(_BUSY)
        self._present[network] += 1
        holder = object()
        timer = self._metrics.search_timer() if self._metrics else nullcontext(_do_nothing)
        try:
            with timer as begin:
                await self._acquire(holder)
                begin()
                try:
                    yield
                finally:
                    self._limiter.release_on_behalf_of(holder)
        finally:
            self._present[network] -= 1
            if not self._present[network]:
                del self._present[network]

    async def _acquire(self, holder: object) -> None:
        try:
            with fail_after(WAIT_S):
                await self._limiter.acquire_on_behalf_of(holder)
        except TimeoutError:
            raise _refusal(_BUSY) from None


async def _slot(request: Request) -> AsyncIterator[None]:
    slots: SearchSlots = request.app.state.search_slots
    async with slots.one(client_network(request)):
        yield


# Released before the response is sent: a slow reader holds no slot.
SEARCH_SLOT = Depends(_slot, scope="function")


def _do_nothing() -> None:
    pass


def _refusal(reason: str) -> HTTPException:
    return HTTPException(503, reason, {"Retry-After": str(_RETRY_S)})
