"""Clients cannot fill the log."""

import logging

import pytest

from broadsheet.serve import log_throttle
from broadsheet.serve.log_throttle import LogThrottle


class Clock:
    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(log_throttle, "time", clock)
    return clock


def shown(throttle: LogThrottle, logger: str, text: str, *values: object) -> str | None:
    record = logging.LogRecord(logger, logging.ERROR, "", 0, text, values, None)
    return record.getMessage() if throttle.filter(record) else None


def test_a_failing_accept_is_logged_once_a_second(clock: Clock) -> None:
    throttle, lines = LogThrottle(), []
    for number in range(10_000):
        lines.append(shown(throttle, "asyncio", f"socket.accept() failed\nsocket: <{number}>"))
        clock.now_s += 0.0003
    logged = [line for line in lines if line is not None]
    assert len(logged) == 3
    assert logged[1].endswith("(3333 similar messages omitted)")


def test_different_messages_are_all_logged(clock: Clock) -> None:
    throttle = LogThrottle()
    assert shown(throttle, "uvicorn.error", "Invalid HTTP request received.")
    assert shown(throttle, "uvicorn.error", "Unsupported upgrade request.")
    assert shown(throttle, "broadsheet.web.app", "%s: %s", "GET /", "disk full")
    assert not shown(throttle, "broadsheet.web.app", "%s: %s", "GET /trending", "disk full")


def test_an_encoder_that_cannot_be_reached_is_not_logged_for_each_search(clock: Clock) -> None:
    throttle = LogThrottle()
    assert shown(throttle, "broadsheet.search", "%s", "the encoder cannot be reached")
    assert not shown(throttle, "broadsheet.search", "%s", "the encoder cannot be reached")


def test_messages_that_no_client_causes_are_all_logged(clock: Clock) -> None:
    throttle = LogThrottle()
    for source in ("arxiv", "hf"):
        assert shown(throttle, "broadsheet.serve.jobs", "%s: %s", source, "unreachable")


def test_memory_is_bounded(clock: Clock) -> None:
    throttle = LogThrottle()
    for number in range(5_000):
        shown(throttle, "asyncio", f"message {number}")
    assert len(throttle._kinds) <= 1_000
