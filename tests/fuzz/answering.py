"""The client as it is, and in the place of the network replies that are made of decisions."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx2

from broadsheet.http.client import Client, _Request
from broadsheet.http.errors import UnavailableError
from tests.fuzz.choices import Choices
from tests.fuzz.growing import NEXT, Soil, made

_MOST_QUESTIONS = 16
_GOOD = {
    "etag": b'"kites-7"',
    "last-modified": b"Tue, 10 Mar 2026 09:00:00 GMT",
    "last-modified-version": b"7",
    "total-results": b"150",
}
_OTHERS = (
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
class Said:
    """What is replied to one question."""

    body: bytes
    status: int
    headers: Sequence[tuple[str, bytes]]


class Answering(Client):
    """Asks nobody: what is to be said is said to whatever is asked, the last of it again."""

    def __init__(self) -> None:
        super().__init__(
            mirror="https://mirror.example", spend=self._count, pause=lambda seconds: None
        )
        self._said: list[Said] = []
        self._asked = 0
        self._made = httpx2.Client(transport=httpx2.MockTransport(self._answer))

    def is_to_say(self, said: list[Said]) -> None:
        """Set what is said from now on."""
        self._said, self._asked = said, 0

    def _count(self, site: str) -> None:
        self._asked += 1
        if self._asked > _MOST_QUESTIONS:
            raise UnavailableError("all questions of one input are spent")

    def _prepare(self, request: _Request) -> tuple[httpx2.Client, httpx2.Request]:
        self._connections.setdefault(request.url.host, self._made)
        return super()._prepare(request)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        one = self._said[min(self._asked, len(self._said)) - 1]
        headers = [(name.encode(), value) for name, value in one.headers]
        return httpx2.Response(one.status, headers=headers, stream=httpx2.ByteStream(one.body))


def replies_of(choices: Choices, soil: Soil) -> list[Said]:
    """Make replies; three in four are as good as their bodies."""
    if not choices.one_in(4):
        headers = list(_GOOD.items())
        return [Said(body, 200, headers) for body in made(choices, soil).split(NEXT)]
    heads = [_head(choices) for _ in range(1 + choices.number(4))]
    packed = choices.number(4)
    bodies = made(choices, soil).split(NEXT)
    if packed == 3:
        bodies = [gzip.compress(body, 1)[: choices.number(1 << 16) + 1] for body in bodies]
    return [
        Said(body, *heads[min(n, len(heads) - 1)])
        for n, body in enumerate(bodies + bodies[-1:] * (len(heads) - len(bodies)))
    ]


def _head(choices: Choices) -> tuple[int, list[tuple[str, bytes]]]:
    status = choices.one_of(_STATUSES)
    return status, list(_headers(choices))


def _headers(choices: Choices) -> Iterator[tuple[str, bytes]]:
    for name, good in _GOOD.items():
        yield name, choices.one_of(_VALUES) if choices.one_in(4) else good
    for name in _OTHERS:
        if choices.one_in(4):
            drawn = choices.one_in(4)
            value = choices.piece(choices.number(24)) if drawn else choices.one_of(_VALUES)
            yield name, value.translate(None, b"\r\n\0")
