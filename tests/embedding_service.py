"""A test server with OpenAI's embeddings API; tests can replace its replies."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """A reply to send instead of the correct one."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang_up_after_bytes: int | None = None
    pause_s: float = 0


@dataclass
class Service:
    """The address of the server, its next replies, and the requests it received."""

    address: str = ""
    replies: list[Reply | Callable[[dict[str, object]], Reply]] = field(default_factory=list)
    requests: list[dict[str, object]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


def _chunks(reply: Reply) -> Iterator[bytes]:
    body = reply.body[: reply.hang_up_after_bytes]
    size = 1 if reply.pause_s else max(1, len(body))
    for start in range(0, len(body), size):
        time.sleep(reply.pause_s)
        yield body[start : start + size]


class _Server(ThreadingHTTPServer):
    def handle_error(self, *client: object) -> None:
        """Print nothing if a client disconnected."""


def vector_of(text: str) -> list[float]:
    return [float(len(text)), float(text.count("a")), 1.0, -2.0]


def row(index: int, vector: list[float]) -> dict[str, object]:
    return {"object": "embedding", "index": index, "embedding": vector}


def _correct_reply(request: dict[str, object]) -> Reply:
    texts = request["input"]
    assert isinstance(texts, list)
    # In reverse: `index` states the order.
    rows = [row(index, vector_of(text)) for index, text in reversed(list(enumerate(texts)))]
    return Reply(json.dumps({"object": "list", "data": rows, "model": "m"}).encode())


@contextmanager
def embedding_service() -> Iterator[Service]:
    """Run the server on a free port."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.requests.append(request)
            service.paths.append(self.path)
            service.headers.append({name.lower(): value for name, value in self.headers.items()})
            next_reply = service.replies.pop(0) if service.replies else _correct_reply
            reply = next_reply if isinstance(next_reply, Reply) else next_reply(request)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            with suppress(ConnectionError):
                for chunk in _chunks(reply):
                    self.wfile.write(chunk)
            self.close_connection = reply.hang_up_after_bytes is not None

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    service.address = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
