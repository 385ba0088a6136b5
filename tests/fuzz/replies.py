"""The HTTP client with generated replies in place of the network."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx2

from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from tests.fuzz.choices import Choices
from tests.fuzz.generation import REPLY_SEPARATOR, Corpus, generate

_MAX_REQUESTS = 16
_VALID_HEADERS = {
    "etag": b'"kites-7"',
    "last-modified": b"Tue, 10 Mar 2026 09:00:00 GMT",
    "last-modified-version": b"7",
    "total-results": b"150",
}
_OPTIONAL_HEADERS = (
    "retry-after",
    "backoff",
    "location",
    "content-encoding",
    "content-type",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-error-message",
)
_VALUES = (
    b"",
    b"0",
    b"-1",
    b"7",
    b"1e999",
    b"9" * 400,
    b"9" * 17,
    b"nan",
    "\u0663".encode(),
    b"\xb2",
    b'W/"\xe9\xff"',
    b"Fri, 31 Dec 9999 23:59:59 -2359",
    b"Wed, 11 Mar 2026 10:00:00",
    b"gzip",
    b"deflate, gzip",
    b"/elsewhere",
    b"//[::1",
    b"https://evil.example/",
    b"invalid credentials",
    b"disabled",
)
_STATUSES = (200, 200, 304, 301, 400, 401, 403, 404, 410, 429, 451, 500, 503, 204, 100, 999)


@dataclass(frozen=True, slots=True)
class FakeReply:
    """One reply."""

    body: bytes
    status: int
    headers: Sequence[tuple[str, bytes]]


class FakeClient(Client):
    """A client that returns the given replies in order and repeats the last."""

    def __init__(self) -> None:
        super().__init__(
            mirror="https://mirror.example", spend=self._count, pause=lambda seconds: None
        )
        self._replies: list[FakeReply] = []
        self._requests = 0
        self._transport = httpx2.Client(transport=httpx2.MockTransport(self._answer))

    def set_replies(self, replies: list[FakeReply]) -> None:
        """Set the replies and reset the request count."""
        self._replies, self._requests = replies, 0

    def _count(self, site: str) -> None:
        self._requests += 1
        if self._requests > _MAX_REQUESTS:
            raise UnavailableError("too many requests for one input")

    def _connection(self, host: str, proxy: str | None) -> httpx2.Client:
        return self._transport

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        reply = self._replies[min(self._requests, len(self._replies)) - 1]
        headers = [(name.encode(), value) for name, value in reply.headers]
        return httpx2.Response(reply.status, headers=headers, stream=httpx2.ByteStream(reply.body))


def generate_replies(choices: Choices, corpus: Corpus) -> list[FakeReply]:
    """Generate replies; three in four have status 200 and valid headers."""
    if not choices.one_in(4):
        headers = list(_VALID_HEADERS.items())
        return [
            FakeReply(body, 200, headers)
            for body in generate(choices, corpus).split(REPLY_SEPARATOR)
        ]
    heads = [_head(choices) for _ in range(1 + choices.number(4))]
    encoding = choices.number(4)
    bodies = generate(choices, corpus).split(REPLY_SEPARATOR)
    if encoding == 3:
        bodies = [gzip.compress(body, 1)[: choices.number(1 << 16) + 1] for body in bodies]
    return [
        FakeReply(body, *heads[min(n, len(heads) - 1)])
        for n, body in enumerate(bodies + bodies[-1:] * (len(heads) - len(bodies)))
    ]


def _head(choices: Choices) -> tuple[int, list[tuple[str, bytes]]]:
    status = choices.one_of(_STATUSES)
    return status, list(_headers(choices))


def _headers(choices: Choices) -> Iterator[tuple[str, bytes]]:
    for name, valid in _VALID_HEADERS.items():
        yield name, choices.one_of(_VALUES) if choices.one_in(4) else valid
    for name in _OPTIONAL_HEADERS:
        if choices.one_in(4):
            is_random = choices.one_in(4)
            value = choices.take(choices.number(24)) if is_random else choices.one_of(_VALUES)
            yield name, value.translate(None, b"\r\n\0")
