import pytest
from starlette.datastructures import Headers

from broadsheet.web.guard import RateLimit, is_foreign

OWN = "https://paper.example"


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"origin": OWN}, False),
        ({"origin": OWN, "host": "10.0.0.7", "sec-fetch-site": "same-origin"}, False),
        ({"origin": "http://10.0.0.7:8000", "host": "10.0.0.7:8000"}, False),
        ({"origin": "null", "host": "paper.example", "sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"origin": "null", "host": "paper.example"}, True),
        ({"origin": "https://evil.example", "host": "paper.example"}, True),
        ({"origin": f"{OWN}.evil.example", "host": "paper.example"}, True),
    ],
)
def test_who_is_foreign(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign(Headers(headers), OWN) is foreign


def test_turns_come_back_when_the_window_has_passed() -> None:
    limit = RateLimit(2, window_s=60)
    assert [limit.wait_s("1.2.3.4", now) for now in (0, 10, 20, 60, 61)] == [0, 0, 40, 0, 9]


def test_each_client_has_turns_of_its_own() -> None:
    limit = RateLimit(1, window_s=60)
    assert limit.wait_s("1.2.3.4", 0) == 0
    assert limit.wait_s("1.2.3.5", 0) == 0
    assert limit.wait_s("::ffff:1.2.3.4", 0) == 60
    assert limit.wait_s("2001:db8::1", 0) == 0
    assert limit.wait_s("2001:db8::ffff", 0) == 60
    assert limit.wait_s("testclient", 0) == 0


def test_no_more_clients_are_remembered_than_allowed() -> None:
    limit = RateLimit(1, window_s=60, max_clients=2)
    for client in ("1.0.0.1", "1.0.0.2", "1.0.0.3"):
        assert limit.wait_s(client, 0) == 0
    assert limit.wait_s("1.0.0.3", 0) == 60
    assert limit.wait_s("1.0.0.1", 0) == 0
