"""Metrics for Prometheus: requests and searches, counted, and the state of the library."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from broadsheet.model import DeliveryState
from broadsheet.model.health import Health, Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


def share_metrics(folder: Path, number: int) -> None:
    """Count together with other processes; call it before the first :class:`Metrics`.

    Parameters
    ----------
    folder : Path
        The folder of the files that the processes count in.
    number : int
        Of this process; one that replaces it gets the same number and counts on.
    """
    os.environ[_FOLDER] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]


class Metrics:
    """Counts the requests and searches of this process, or of all that share a folder."""

    def __init__(self) -> None:
        self._folder = os.environ.get(_FOLDER)
        self._registry = CollectorRegistry()
        registry = self._registry
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._requests = Counter(
            "broadsheet_http_requests",
            "Requests by route, method and status.",
            ("route", "method", "status"),
            registry=registry,
        )
        self._request_s = Histogram(
            "broadsheet_http_request_duration_seconds",
            "Time to a whole response.",
            ("route",),
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._search_s = Histogram(
            "broadsheet_search_duration_seconds",
            "Time of a search, without its wait.",
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._search_wait_s = Histogram(
            "broadsheet_search_wait_seconds",
            "Time that a search waits for others.",
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._searches = Gauge(
            "broadsheet_searches",
            "Searches that run or wait.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        # The process before this one may have ended in a search.
        self._searches.set(0)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = route, method if method in _METHODS else "other", status
        # To find a child by its labels takes longer than to count.
        children = self._children.get(key)
        if children is None:
            counter = self._requests.labels(*key)
            children = self._children[key] = counter, self._request_s.labels(route)
        children[0].inc()
        children[1].observe(seconds)

    @contextmanager
    def search_timer(self) -> Iterator[Callable[[], None]]:
        """Measure a search; call what is yielded when it has waited and begins."""
        arrived_s = perf_counter()
        began_s: float | None = None

        def begin() -> None:
            nonlocal began_s
            began_s = perf_counter()
            self._search_wait_s.observe(began_s - arrived_s)

        self._searches.inc()
        try:
            yield begin
        finally:
            self._searches.dec()
            if began_s is not None:
                self._search_s.observe(perf_counter() - began_s)

    def exposition(self, health: Health | None, status: Status, now: datetime) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        registry = CollectorRegistry()
        if self._folder is not None:
            MultiProcessCollector(registry, self._folder)  # type: ignore[no-untyped-call]
        registry.register(_LibraryState(health, status, now))
        own = b"" if self._folder is not None else generate_latest(self._registry)
        return own + generate_latest(registry)


class _LibraryState(Collector):
    def __init__(self, health: Health | None, status: Status, now: datetime) -> None:
        self._health, self._status, self._now = health, status, now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return what is counted in the library at this moment."""
        status = GaugeMetricFamily("broadsheet_status", "1 for the status.", labels=["status"])
        for one in Status:
            status.add_metric([one], one is self._status)
        yield status
        if self._health is not None:
            yield from _sources(self._health)
            yield from _editions(self._health, self._now)
            yield from _mails(self._health)
            yield _gauge("papers", "Papers in the library.", self._health.papers)
            yield _gauge(
                "index_lag", "Changes of the library that the index lacks.", self._health.behind
            )
            if self._health.free_bytes is not None:
                yield _gauge(
                    "free_bytes", "Free space of the data folder.", self._health.free_bytes
                )


def _sources(health: Health) -> Iterator[GaugeMetricFamily]:
    succeeded = _family(
        "source_last_success_timestamp_seconds", "End of the last good fetch.", "source"
    )
    failures = _family("source_failures", "Failed fetches since the last good one.", "source")
    gaps = _family("source_missing_days", "Days with no or too few records.", "source")
    for state in health.sources:
        if state.succeeded_at is not None:
            succeeded.add_metric([state.name], state.succeeded_at.timestamp())
        # A source that does not exist was never tried.
        failures.add_metric([state.name], max(state.failures, state.error is not None))
        gaps.add_metric([state.name], len(state.gaps))
    yield from (succeeded, failures, gaps)


def _editions(health: Health, now: datetime) -> Iterator[GaugeMetricFamily]:
    late = health.late_edition is not None
    yield _gauge("edition_late", "1 if the edition of the day is late.", late)
    yield _gauge("edition_papers", "Papers of the newest edition.", health.edition_papers)
    if health.published_at is not None:
        age_s = (now - health.published_at).total_seconds()
        yield _gauge("edition_age_seconds", "Time since the newest edition.", age_s)


def _mails(health: Health) -> Iterator[GaugeMetricFamily]:
    mails = _family("mails", "Mails by state.", "state")
    for state in DeliveryState:
        mails.add_metric([state], health.deliveries.get(state, 0))
    yield mails
    yield _gauge("mails_retrying", "Due mails that failed twice.", health.mail.retrying)
    times = (
        ("mail_last_sent", "Time of the last mail.", health.mail.sent_at),
        ("mail_oldest_due", "When the first due mail is due.", health.mail.oldest_due_at),
    )
    for name, text, moment in times:
        if moment is not None:
            yield _gauge(f"{name}_timestamp_seconds", text, moment.timestamp())


def _family(name: str, text: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"broadsheet_{name}", text, labels=[label])


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"broadsheet_{name}", text, value=value)
