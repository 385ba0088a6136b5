"""A mirror of two sources for `fetch`: an archive with many pages and a hub with several days."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import orjson

# The first days that `fetch` is asked for.
DAYS = 3
_PAGES, _RECORDS = 40, 12
_REPLY_S = 0.02
_PAGE = (
    '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
    "<responseDate>{now}</responseDate><ListRecords>{records}"
    "<resumptionToken>{token}</resumptionToken></ListRecords></OAI-PMH>"
)
_RECORD = (
    "<record><header><identifier>oai:arXiv.org:{id}</identifier>"
    "<datestamp>{day}</datestamp></header><metadata>"
    '<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{id}</id>'
    '<version version="v1"><date>Mon, 9 Mar 2026 12:00:00 GMT</date></version>'
    "<title>{title}</title><authors>Ada Windrow</authors><categories>cs.LG</categories>"
    "<abstract>We watched kites.</abstract></arXivRaw></metadata></record>"
)


@contextmanager
def mirror() -> Iterator[str]:
    """Serve the mirror; yield its address."""
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore closed connections: clients are killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: otherwise each reply waits 40 ms for an acknowledgement.
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        time.sleep(_REPLY_S)
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        if url.path == "/oaipmh.arxiv.org/oai":
            self._reply(200, _harvest(query.get("resumptionToken", "")))
        elif url.path == "/huggingface.co/api/daily_papers":
            self._reply(200, _daily(query))
        else:
            self._reply(404, b"")

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Write no log."""


def _harvest(token: str) -> bytes:
    """Return a page; a run may harvest several times, each with its own tokens."""
    harvest, _, number = token.partition("-")
    page, now = int(number or "0"), datetime.now(UTC)
    harvest = harvest or f"{time.monotonic_ns()}"
    records = "".join(
        _RECORD.format(
            id=f"2603.{number:05}",
            day=(now - timedelta(days=number % DAYS)).date(),
            # Some titles occur twice, so that records are merged into existing papers.
            title=f"Kites &amp; bows, part {number % 450}, measured over a long summer",
        )
        for number in range(page * _RECORDS, (page + 1) * _RECORDS)
    )
    token = f"{harvest}-{page + 1}" if page + 1 < _PAGES else ""
    return _PAGE.format(now=f"{now:%Y-%m-%dT%H:%M:%SZ}", records=records, token=token).encode()


def _daily(query: dict[str, str]) -> bytes:
    day = query.get("date", "")
    if int(query.get("p", "0")) > 0 or not day:
        return b"[]"
    return orjson.dumps(
        [
            {
                "paper": {
                    "id": f"2603.{int(day[-2:]) * 10 + number:05}",
                    "title": f"Lanterns of {day}, number {number}",
                    "summary": "We lit lanterns.",
                    "upvotes": number,
                    "submittedOnDailyAt": f"{day}T00:00:00.000Z",
                },
                "numComments": number,
            }
            for number in range(6)
        ]
    )
