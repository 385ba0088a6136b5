"""Simulated outside services: one HTTP server that replies for every host.

A client whose mirror is `Services.address` requests ``/{host}/{path}`` from it.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Question:
    """A received request."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Respond = Callable[[Question], Answer]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore closed connections: tests kill clients."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Services:
    """Replies by host and path, else with 404. Use as a context manager."""

    def __init__(self) -> None:
        self.questions: list[Question] = []
        self._answers: list[tuple[str, str, Respond]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body in one packet: otherwise each reply waits 40 ms for an acknowledgement.
            wbufsize = 1 << 16

            def do_GET(self) -> None:
                outer._serve(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(
        self,
        host: str,
        path: str,
        body: bytes | str = b"",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Set the reply to a path, or to a prefix that ends in ``*``; the latest rule wins."""
        content = body.encode() if isinstance(body, str) else body
        self.respond(host, path, lambda question: Answer(content, status, headers or {}))

    def respond(self, host: str, path: str, respond: Respond) -> None:
        """Set a function that returns the reply to a request, as in :meth:`answer`."""
        self._answers.insert(0, (host, path, respond))

    def _respond(self, question: Question) -> Answer:
        for host, path, respond in self._answers:
            begins = path.endswith("*") and question.path.startswith(path[:-1])
            if question.host == host and (question.path == path or begins):
                return respond(question)
        return Answer(b"no such thing here", 404)

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        host, _, path = parts.path.removeprefix("/").partition("/")
        size = int(handler.headers.get("Content-Length") or 0)
        question = Question(
            handler.command,
            host,
            f"/{path}",
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in handler.headers.items()},
            handler.rfile.read(size),
        )
        self.questions.append(question)
        answer = self._respond(question)
        try:
            handler.send_response(answer.status)
            for name, value in answer.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(answer.body)))
            handler.end_headers()
            handler.wfile.write(answer.body)
            handler.wfile.flush()
        except OSError:
            handler.close_connection = True
