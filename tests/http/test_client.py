"""The HTTP client: rate limits, retries and size limits."""

import gzip
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import StatusError, UnavailableError
from broadsheet.http.policy import Policy
from broadsheet.http.rate_limits import RateLimits
from broadsheet.http.reply import retry_after_s
from tests.services import Answer, Question, Respond, Services

ARXIV = RateLimits({"arxiv.org": 3.0})


class _Count(BaseModel):
    count: int


def _no_pause(seconds: float) -> None:
    pass


def _failing(times: int, status: int, headers: dict[str, str] | None = None) -> Respond:
    left = [times]

    def respond(question: Question) -> Answer:
        left[0] -= 1
        return Answer(b"{}") if left[0] < 0 else Answer(b"busy", status, headers or {})

    return respond


def test_the_user_agent_names_the_program_and_the_contact(services: Services) -> None:
    services.answer("api.example.org", "/things", "{}")
    with Client("editor@example.org", mirror=services.address) as client:
        client.get("https://api.example.org/things", {"q": "kites & bows"})
    request = services.questions[0]
    assert request.headers["user-agent"].startswith("broadsheet/")
    assert "mailto:editor@example.org" in request.headers["user-agent"]
    assert request.query == {"q": "kites & bows"}


def test_the_hosts_of_a_site_share_its_rate_limit() -> None:
    pauses: list[float] = []
    client = Client(pause=pauses.append, rate_limits=ARXIV)
    client._sent_at["arxiv.org"] = time.monotonic()
    for host in ("rss.arxiv.org", "other.example.org"):
        with client._rate_limited(host):
            pass
    assert pauses == [pytest.approx(3.0, abs=0.1)]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_transient_errors_are_retried_with_exponential_backoff(
    services: Services, patient: Client, pauses: list[float], status: int
) -> None:
    services.respond("api.example.org", "/", _failing(3, status))
    assert patient.get("https://api.example.org/").status == 200
    assert len(pauses) == 3
    assert all(low <= wait <= 2 * low for wait, low in zip(pauses, (1, 2, 4), strict=True))


def test_a_request_is_sent_at_most_four_times(services: Services, patient: Client) -> None:
    services.answer("api.example.org", "/", "busy", 503)
    with pytest.raises(UnavailableError, match=r"is unavailable \(status 503\)"):
        patient.get("https://api.example.org/")
    assert len(services.questions) == 4


def test_retry_after_sets_the_wait(
    services: Services, patient: Client, pauses: list[float]
) -> None:
    services.respond("api.example.org", "/", _failing(1, 429, {"Retry-After": "17"}))
    patient.get("https://api.example.org/")
    assert pauses == [17.0]


def test_a_retry_after_of_more_than_a_minute_raises_unavailable(
    services: Services, patient: Client, pauses: list[float]
) -> None:
    services.answer("api.example.org", "/", "", 503, {"Retry-After": "3600"})
    with pytest.raises(UnavailableError, match="requested a wait of 60 minutes") as error:
        patient.get("https://api.example.org/")
    assert error.value.wait_s == 3600
    assert len(services.questions) == 1
    assert not pauses


def test_retry_after_is_parsed_as_seconds_date_and_github_reset() -> None:
    later = datetime.now(UTC) + timedelta(seconds=100)
    assert retry_after_s({"retry-after": "5"}) == 5
    assert retry_after_s({"retry-after": format_datetime(later, usegmt=True)}) == pytest.approx(
        100, abs=2
    )
    assert retry_after_s(
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(later.timestamp()))}
    ) == pytest.approx(100, abs=2)
    assert retry_after_s({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "99"}) is None
    assert retry_after_s({"retry-after": "soon"}) is None


@pytest.mark.parametrize(
    ("status", "word"),
    [(401, "API key"), (403, "API key"), (404, "was not found"), (410, "was not found")],
)
def test_an_error_status_is_not_retried(
    services: Services, patient: Client, status: int, word: str
) -> None:
    services.answer("api.example.org", "/", "no", status)
    with pytest.raises(StatusError, match=word) as error:
        patient.get("https://api.example.org/", {"api_key": "hush"})
    assert error.value.status == status
    assert len(services.questions) == 1


def test_an_allowed_status_is_returned(services: Services, patient: Client) -> None:
    services.answer("api.example.org", "/", "none such", 404)
    assert patient.get("https://api.example.org/", allowed=(404,)).status == 404


def test_messages_contain_no_key(services: Services, patient: Client) -> None:
    services.answer("api.example.org", "/", "busy", 503)
    with pytest.raises(SourceError) as error:
        patient.get("https://api.example.org/", {"api_key": "hush"}, headers={"X-Key": "hush"})
    assert "hush" not in str(error.value)


def test_logs_contain_no_key(
    services: Services, patient: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    services.answer("api.example.org", "/", "{}")
    patient.get("https://api.example.org/", {"api_key": "hush"}, headers={"X-Key": "hush"})
    assert "hush" not in caplog.text


def test_waits_are_capped_at_a_week_and_invalid_ones_ignored() -> None:
    week_s = 7 * 86_400
    for value in ("9" * 17, "9" * 400, "Fri, 31 Dec 9999 23:59:59 -2359"):
        assert retry_after_s({"retry-after": value}) == week_s
    github = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400}
    assert retry_after_s(github) == week_s
    assert retry_after_s({"retry-after": f"Wed, 11 Mar 2026 09:00:00 +{'9' * 20}"}) is None


@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]),
        st.text() | st.integers().map(str) | st.datetimes().map(format_datetime),
    )
)
def test_any_headers_give_a_wait_of_at_most_a_week_or_none(headers: dict[str, str]) -> None:
    wait_s = retry_after_s(headers)
    assert wait_s is None or 0 <= wait_s <= 7 * 86_400


def test_a_validator_that_cannot_be_sent_is_dropped(services: Services, patient: Client) -> None:
    services.answer("feeds.example.org", "/feed", "news", headers={"ETag": '"k\xeetes"'})
    reply = patient.get("https://feeds.example.org/feed")
    assert reply.validators == {}
    assert patient.get("https://feeds.example.org/feed", unless=reply.validators).body == b"news"


def test_addresses_in_messages_contain_no_control_codes(
    services: Services, patient: Client
) -> None:
    services.answer("api.example.org", "/", "", 302, {"Location": "/%1b%5b31m\x9bkites%7f"})
    with pytest.raises(SourceError, match=r"https://api.example.org/\[31mkites was not found"):
        patient.get("https://api.example.org/")


def test_validators_make_a_request_conditional(services: Services, patient: Client) -> None:
    def respond(question: Question) -> Answer:
        if question.headers.get("if-none-match") == '"v1"':
            return Answer(b"", 304)
        return Answer(
            b"news", 200, {"ETag": '"v1"', "Last-Modified": "Wed, 11 Mar 2026 09:00:00 GMT"}
        )

    services.respond("feeds.example.org", "/feed", respond)
    first = patient.get("https://feeds.example.org/feed")
    again = patient.get("https://feeds.example.org/feed", unless=first.validators)
    assert (first.body, first.unchanged) == (b"news", False)
    assert again.unchanged
    assert services.questions[1].headers["if-modified-since"] == "Wed, 11 Mar 2026 09:00:00 GMT"


def test_a_large_reply_raises(services: Services, patient: Client) -> None:
    services.answer("api.example.org", "/", b"x" * 2_000_001)
    with pytest.raises(SourceError, match="more than 1 MiB"):
        patient.get("https://api.example.org/", most_bytes=1 << 20)


def test_the_size_limit_counts_decompressed_bytes(services: Services, patient: Client) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    services.answer("api.example.org", "/", bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceError, match="more than 4 MiB"):
        patient.get("https://api.example.org/", most_bytes=4 << 20)


def test_a_damaged_reply_is_retried(services: Services, patient: Client) -> None:
    broken = gzip.compress(b"kites" * 1000)[:-20]
    services.answer("api.example.org", "/", b"not gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(UnavailableError, match="damaged"):
        patient.get("https://api.example.org/")
    assert len(services.questions) == 4
    assert broken


def test_html_instead_of_json_raises(services: Services, patient: Client) -> None:
    services.answer("api.example.org", "/", "<html>Just a moment…</html>")
    with pytest.raises(SourceError, match="returned HTML instead of JSON"):
        patient.get("https://api.example.org/").json()


def test_invalid_json_fields_are_named(services: Services, patient: Client) -> None:
    services.answer("api.example.org", "/", '{"count": "many"}')
    with pytest.raises(SourceError, match=r"an unexpected format \(count"):
        patient.get("https://api.example.org/").read(_Count)


def test_post_sends_json(services: Services, patient: Client) -> None:
    services.answer("api.example.org", "/batch", '{"count": 2}')
    reply = patient.post("https://api.example.org/batch", {"ids": ["a", "b"]})
    assert reply.read(_Count).count == 2
    assert services.questions[0].body == b'{"ids":["a","b"]}'


def test_a_stalled_service_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stalling:
        port = stalling.getsockname()[1]
        mirror = f"http://127.0.0.1:{port}"
        with Client(mirror=mirror, pause=_no_pause, policy=Policy(read_s=0.2)) as client:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match="no reply, ReadTimeout"):
                client.get("https://api.example.org/")
        assert time.monotonic() - began < 10


def test_a_reply_that_arrives_byte_by_byte_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as dripping:

        def serve() -> None:
            for _ in range(4):
                connection, _ = dripping.accept()
                with connection, suppress(OSError):
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
                    while True:
                        connection.sendall(b"x")
                        time.sleep(0.02)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        mirror = f"http://127.0.0.1:{dripping.getsockname()[1]}"
        with (
            Client(mirror=mirror, pause=_no_pause, policy=Policy(total_s=0.2)) as client,
            pytest.raises(UnavailableError, match="no end of the reply"),
        ):
            client.get("https://api.example.org/")
        thread.join(timeout=5)


def test_a_closed_connection_is_retried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as breaking:

        def serve() -> None:
            for _ in range(4):
                connection, _ = breaking.accept()
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nonly")
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        mirror = f"http://127.0.0.1:{breaking.getsockname()[1]}"
        with (
            Client(mirror=mirror, pause=_no_pause) as client,
            pytest.raises(UnavailableError, match="no reply"),
        ):
            client.get("https://api.example.org/")
        thread.join(timeout=5)


def test_an_exhausted_quota_sends_no_request(services: Services) -> None:
    services.answer("api.example.org", "/", "{}")
    sites: list[str] = []

    def spend(site: str) -> None:
        sites.append(site)
        if len(sites) > 2:
            raise UnavailableError("spent")

    with Client(mirror=services.address, spend=spend) as client:
        client.get("https://api.example.org/")
        client.get("https://www.api.example.org/", allowed=(404,))
        with pytest.raises(UnavailableError, match="spent"):
            client.get("https://api.example.org/")
    assert sites == ["api.example.org"] * 3
    assert len(services.questions) == 2


def test_a_site_without_rate_limit_receives_requests_at_the_same_time(services: Services) -> None:
    both = threading.Barrier(2, timeout=5)

    def respond(question: Question) -> Answer:
        both.wait()
        return Answer(b"{}")

    services.respond("127.0.0.1", "/", respond)
    policy = Policy(attempts=1, allows_private=True)
    with Client(policy=policy, rate_limits=RateLimits(default_s=0)) as client:
        address = f"{services.address}/127.0.0.1/"
        threads = [threading.Thread(target=client.get, args=(address,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=10)
    assert not both.broken


def test_a_policy_without_redirects_raises_their_status(services: Services) -> None:
    services.answer("api.example.org", "/", "", 302, {"Location": "/elsewhere"})
    with (
        Client(mirror=services.address, policy=Policy(max_redirects=0)) as client,
        pytest.raises(StatusError, match="status 302"),
    ):
        client.get("https://api.example.org/")
    assert len(services.questions) == 1


def test_a_policy_may_cap_retry_after(services: Services, pauses: list[float]) -> None:
    services.respond("api.example.org", "/", _failing(1, 503, {"Retry-After": "86400"}))
    policy = Policy(caps_retry_after=True)
    with Client(mirror=services.address, pause=pauses.append, policy=policy) as client:
        client.get("https://api.example.org/")
    assert pauses == [60.0]
