"""The runner: each job has its own thread; one that hangs or fails stops no other."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
from pydantic import SecretStr

from broadsheet.config import Settings
from broadsheet.errors import SourceError
from broadsheet.library import Library
from broadsheet.model import DeliveryState
from broadsheet.rules.token import Purpose, sign
from broadsheet.serve import runner
from broadsheet.serve.jobs import library_jobs
from broadsheet.serve.runner import Job, JobRunner, run_once
from tests.conftest import NOW
from tests.mail.conftest import SmtpServer, listening

_TIMEOUT_S = 20.0


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, "timeout"
        time.sleep(0.01)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with listening() as listener:
        yield listener


@pytest.fixture
def mailing(settings: Settings, server: SmtpServer) -> Iterator[Library]:
    smtp = SecretStr(f"smtp://127.0.0.1:{server.port}")
    changes = {"smtp": smtp, "base_url": "http://news.example"}
    with Library(settings.model_copy(update=changes), clock=lambda: NOW) as library:
        yield library


def counting(job: Job, counts: Counter[str]) -> Job:
    """Return a job with a short interval that counts its runs as they begin."""

    def run() -> None:
        counts[job.name] += 1
        job.run()

    return replace(job, interval_s=0.05, run=run)


def test_a_mail_job_that_waits_for_a_stalled_server_stops_no_other_job(
    mailing: Library, server: SmtpServer
) -> None:
    server.stall.set()
    mailing.subscriptions.subscribe("ada@example.org")
    counts: Counter[str] = Counter()
    stop = threading.Event()
    jobs = [counting(job, counts) for job in library_jobs(mailing, stop.is_set)]
    others = [job.name for job in jobs if job.name != "mail"]
    with JobRunner(jobs, stop):
        wait_until(lambda: bool(server.connections))
        before = {job.name: counts[job.name] for job in jobs}
        wait_until(lambda: all(counts[name] >= before[name] + 2 for name in others))
        assert counts["mail"] == before["mail"]
        server.stall.clear()
        wait_until(lambda: len(server.messages) == 1)


def test_a_confirmation_enqueued_by_another_process_is_sent_within_seconds(
    mailing: Library, server: SmtpServer
) -> None:
    with JobRunner(library_jobs(mailing)):
        with Library(mailing.settings, clock=lambda: NOW) as other:
            other.subscriptions.subscribe("ada@example.org")
            started_s = time.monotonic()
        wait_until(lambda: len(server.messages) == 1)
        # The interval is 1 s; the rest is for a slow machine.
        assert time.monotonic() - started_s < 10


def test_stopping_ends_a_mailing_after_the_current_mail(
    mailing: Library, server: SmtpServer
) -> None:
    for number in range(3):
        mailing.subscriptions.subscribe(f"reader{number}@example.org")
    server.stall.set()
    stop = threading.Event()
    jobs = [job for job in library_jobs(mailing, stop.is_set) if job.name == "mail"]
    with JobRunner(jobs, stop):
        wait_until(lambda: bool(server.connections))
        stop.set()
        server.stall.clear()
    assert mailing.health().deliveries == {DeliveryState.SENT: 1, DeliveryState.DUE: 2}


def test_a_failing_job_is_logged_and_retried_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runner, "_RETRY_S", 0.01)
    counts: Counter[str] = Counter()

    def expected() -> None:
        raise SourceError("the service is unreachable")

    def unexpected() -> None:
        raise ZeroDivisionError

    jobs = [
        counting(Job(name, 0.05, run), counts)
        for name, run in (("a", expected), ("b", unexpected), ("c", lambda: None))
    ]
    with caplog.at_level(logging.ERROR), JobRunner(jobs):
        wait_until(lambda: all(counts[name] >= 3 for name in "abc"))
    assert "job 'a' failed: the service is unreachable" in caplog.text
    assert "job 'b' failed with an unexpected error" in caplog.text


def test_a_panic_of_a_rust_extension_does_not_end_a_job(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class PanicError(BaseException):
        pass

    monkeypatch.setattr(runner, "_RETRY_S", 0.01)
    counts: Counter[str] = Counter()

    def panic() -> None:
        raise PanicError("index out of bounds")

    with JobRunner([counting(Job("a", 0.01, panic), counts)]):
        wait_until(lambda: counts["a"] >= 2)
    assert "index out of bounds" in caplog.text


def test_no_run_begins_after_the_runner_has_stopped() -> None:
    counts: Counter[str] = Counter()
    with JobRunner([counting(Job("a", 0.05, lambda: None), counts)]):
        wait_until(lambda: counts["a"] >= 2)
    stopped = counts["a"]
    time.sleep(0.2)
    assert counts["a"] == stopped


def test_a_hanging_job_does_not_keep_the_runner_from_stopping(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runner, "_STOP_TIMEOUT_S", 0.1)
    started, release = threading.Event(), threading.Event()

    def hang() -> None:
        started.set()
        release.wait(_TIMEOUT_S)

    with caplog.at_level(logging.WARNING), JobRunner([Job("hangs", 1.0, hang)]):
        assert started.wait(_TIMEOUT_S)
    assert "job 'hangs' did not stop" in caplog.text
    release.set()


def test_run_once_runs_each_job_in_order_and_raises_nothing() -> None:
    order: list[str] = []

    def fail() -> None:
        order.append("b")
        raise SourceError("unreachable")

    a, c = (Job(name, 1, partial(order.append, name)) for name in "ac")
    run_once([a, Job("b", 1, fail), c])
    assert order == ["a", "b", "c"]


def test_a_digest_is_sent_by_the_jobs_alone(mailing: Library, server: SmtpServer) -> None:
    mailing.import_starter()
    mailing.subscriptions.subscribe("ada@example.org")
    (subscription,) = mailing.subscriptions.all()
    token = sign(mailing.secret, Purpose.CONFIRM, subscription.id, "ada@example.org", NOW)
    mailing.subscriptions.confirm(token)
    run_once(library_jobs(mailing))
    assert len(server.messages) == 2
    assert mailing.editions.exists(mailing.today)
