"""The contract of RateLimiter, run on every implementation and storage."""

import threading
from collections.abc import Callable

import pytest
from limits.storage import MemoryStorage, Storage

from broadsheet.web.rate_limiter import BoundedMemory, FixedWindow, RateLimiter, network

# The storages of `limits` that need no server, and ours.
STORAGES: dict[str, Callable[[], Storage]] = {"memory": MemoryStorage, "bounded": BoundedMemory}


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
def limiter(request: pytest.FixtureRequest, clock: Clock) -> RateLimiter:
    return FixedWindow(2, 60, STORAGES[request.param]())


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
def test_concurrent_requests_never_exceed_the_limit(storage: str) -> None:
    limiter = FixedWindow(100, 3600, STORAGES[storage]())
    allowed: list[bool] = []

    def send() -> None:
        allowed.extend([limiter.take("a").allowed for _ in range(50)])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(allowed), sum(allowed)) == (400, 100)


def test_memory_is_bounded_under_a_flood_of_clients() -> None:
    storage = BoundedMemory(max_clients=100)
    limiter = FixedWindow(1, 3600, storage)
    for number in range(10_000):
        limiter.take(f"client {number}")
    assert storage.reset() == 100


def test_the_default_storage_is_bounded() -> None:
    assert isinstance(FixedWindow(1, 60)._strategy.storage, BoundedMemory)


def test_the_oldest_window_is_dropped_first(clock: Clock) -> None:
    limiter = FixedWindow(1, 60, BoundedMemory(max_clients=2))
    allowed = [limiter.take(client).allowed for client in "abacba"]
    assert allowed == [True, True, False, True, False, True]


def test_an_ipv6_network_is_one_client() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff") != network("2001:db8:0:1::1")
    assert network("::ffff:192.0.2.7") == network("192.0.2.7") != network("192.0.2.8")
    assert network("fe80::1%eth0") == "fe80::"
    assert network("testclient") == "testclient"
