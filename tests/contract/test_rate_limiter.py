"""The contract of RateLimiter, run on every implementation and storage."""

import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from limits.storage import MemoryStorage, Storage

from broadsheet.rules.network import network
from broadsheet.web.limits.counters import BoundedMemory, SharedFile
from broadsheet.web.limits.rate_limiter import FixedWindow, Limiters, RateLimiter


def shared_file(folder: Path, max_clients: int = 100_000) -> SharedFile:
    return SharedFile(folder / "rate_limits.sqlite3", b"key", max_clients)


# The storages of `limits` that need no server, and ours.
STORAGES: dict[str, Callable[[Path], Storage]] = {
    "memory": lambda folder: MemoryStorage(),
    "bounded": lambda folder: BoundedMemory(),
    "file": shared_file,
}
BOUNDED: dict[str, Callable[[Path, int], BoundedMemory | SharedFile]] = {
    "bounded": lambda folder, clients: BoundedMemory(clients),
    "file": shared_file,
}


class Clock:
    """The time in seconds since the epoch."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.time", clock)
    return clock


@pytest.fixture(params=STORAGES)
def limiter(request: pytest.FixtureRequest, clock: Clock, tmp_path: Path) -> RateLimiter:
    return FixedWindow(2, 60, STORAGES[request.param](tmp_path))


def test_requests_within_the_limit_are_allowed(limiter: RateLimiter) -> None:
    assert (limiter.limit, limiter.window_s) == (2, 60)
    quotas = [limiter.take("a") for _ in range(4)]
    assert [quota.allowed for quota in quotas] == [True, True, False, False]
    assert [quota.remaining for quota in quotas] == [1, 0, 0, 0]


def test_each_client_has_its_own_window(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(3):
        limiter.take("a")
    clock.now_s += 30
    quota = limiter.take("b")
    assert (quota.allowed, quota.remaining, quota.reset_s) == (True, 1, 60)
    assert not limiter.take("a").allowed


def test_a_client_is_allowed_again_after_reset_s(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(3):
        limiter.take("a")
    clock.now_s += 20.5
    refused = limiter.take("a")
    assert (refused.allowed, refused.reset_s) == (False, 40)
    clock.now_s += refused.reset_s
    assert limiter.take("a").allowed


def test_refused_requests_do_not_extend_the_window(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(60):
        limiter.take("a")
        clock.now_s += 1
    assert limiter.take("a").allowed


def test_reset_s_is_at_least_one_second(limiter: RateLimiter, clock: Clock) -> None:
    limiter.take("a")
    clock.now_s += 59.99
    assert limiter.take("a").reset_s == 1


@pytest.mark.parametrize("client", ["", "a/b", "2001:db8::", "\ud800", "x" * 5000])
def test_any_text_identifies_a_client(limiter: RateLimiter, client: str) -> None:
    assert [limiter.take(client).allowed for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("storage", STORAGES)
def test_concurrent_requests_never_exceed_the_limit(storage: str, tmp_path: Path) -> None:
    limiter = FixedWindow(100, 3600, STORAGES[storage](tmp_path))
    allowed: list[bool] = []

    def send() -> None:
        allowed.extend([limiter.take("a").allowed for _ in range(50)])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(allowed), sum(allowed)) == (400, 100)


@pytest.mark.parametrize("storage", BOUNDED)
def test_storage_is_bounded_under_a_flood_of_clients(storage: str, tmp_path: Path) -> None:
    counters = BOUNDED[storage](tmp_path, 100)
    limiter = FixedWindow(1, 3600, counters)
    for number in range(2_000):
        limiter.take(f"client {number}")
    assert counters.reset() == 100


def test_the_default_storage_is_bounded() -> None:
    assert isinstance(FixedWindow(1, 60)._strategy.storage, BoundedMemory)


@pytest.mark.parametrize("storage", BOUNDED)
def test_the_oldest_window_is_dropped_first(storage: str, clock: Clock, tmp_path: Path) -> None:
    limiter = FixedWindow(1, 60, BOUNDED[storage](tmp_path, 2))
    allowed = [limiter.take(client).allowed for client in "abacba"]
    assert allowed == [True, True, False, True, False, True]


@pytest.mark.parametrize("storage", BOUNDED)
def test_a_clock_set_back_does_not_extend_a_window(
    storage: str, clock: Clock, tmp_path: Path
) -> None:
    limiter = FixedWindow(1, 60, BOUNDED[storage](tmp_path, 100))
    limiter.take("a")
    clock.now_s -= 400 * 86_400
    quota = limiter.take("a")
    assert (quota.allowed, quota.reset_s) == (True, 60)


@pytest.mark.parametrize("storage", STORAGES)
def test_limiters_of_one_storage_count_apart(storage: str, tmp_path: Path) -> None:
    limiters = Limiters(STORAGES[storage](tmp_path))
    votes, mails = limiters.hourly("votes", 1), limiters.hourly("mails", 1)
    assert votes.take("a").allowed
    assert mails.take("a").allowed
    assert not limiters.hourly("votes", 1).take("a").allowed


_TAKE_50 = """
import sys
from pathlib import Path
from broadsheet.web.limits.counters import SharedFile
from broadsheet.web.limits.rate_limiter import Limiters
limiter = Limiters(SharedFile(Path(sys.argv[1]), b"key")).hourly("votes", 120)
print(sum(limiter.take("a").allowed for _ in range(50)))
"""


def test_processes_that_share_a_file_count_together(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _TAKE_50, str(tmp_path / "rate_limits.sqlite3")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    assert sum(int(process.communicate()[0]) for process in processes) == 120


def test_the_shared_file_is_private_and_names_no_client(tmp_path: Path) -> None:
    FixedWindow(1, 60, shared_file(tmp_path)).take("192.0.2.7")
    files = list(tmp_path.iterdir())
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    assert not any(b"192.0.2.7" in path.read_bytes() for path in files)


@pytest.mark.parametrize("content", [b"no database" * 100, None])
def test_limits_hold_in_each_process_if_the_shared_file_cannot_be_used(
    content: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "rate_limits.sqlite3"
    path.mkdir() if content is None else path.write_bytes(content)
    limiter = FixedWindow(2, 60, shared_file(tmp_path))
    with caplog.at_level(logging.WARNING):
        assert [limiter.take("a").allowed for _ in range(4)] == [True, True, False, False]
    (record,) = caplog.records
    assert str(path) in record.getMessage()


def test_limits_hold_if_the_shared_file_fails_later(tmp_path: Path) -> None:
    storage = shared_file(tmp_path)
    limiter = FixedWindow(2, 60, storage)
    assert limiter.take("a").remaining == 1
    with sqlite3.connect(tmp_path / "rate_limits.sqlite3") as other:
        other.execute("DROP TABLE windows")
    assert [limiter.take("a").allowed for _ in range(3)] == [True, True, False]


def test_processes_count_together_again_after_the_file_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadsheet.web.limits.counters._COMPARE_EVERY_S", 0.0)
    running = FixedWindow(5, 60, shared_file(tmp_path))
    assert running.take("a").remaining == 4
    (tmp_path / "rate_limits.sqlite3").unlink()
    restarted = FixedWindow(5, 60, shared_file(tmp_path))
    assert (restarted.take("a").remaining, running.take("a").remaining) == (4, 3)
    assert (restarted.take("a").remaining, running.take("a").remaining) == (2, 1)


def test_an_ipv6_network_is_one_client() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff") != network("2001:db8:0:1::1")
    assert network("::ffff:192.0.2.7") == network("192.0.2.7") != network("192.0.2.8")
    assert network("fe80::1%eth0") == "fe80::"
    assert network("testclient") == "testclient"
