"""A service that speaks OpenAI's embeddings protocol, and can be told to misbehave."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """What the service says next in place of the truth."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang_up_after_bytes: int | None = None
    pause_s: float = 0


@dataclass
class Service:
    """A service on this machine that speaks the protocol."""

    address: str = ""
    replies: list[Reply | Callable[[dict[str, object]], Reply]] = field(default_factory=list)
    asked: list[dict[str, object]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


def pieces(reply: Reply) -> Iterator[bytes]:
    body = reply.body[: reply.hang_up_after_bytes]
    size = 1 if reply.pause_s else max(1, len(body))
    for start in range(0, len(body), size):
        time.sleep(reply.pause_s)
        yield body[start : start + size]


class Server(ThreadingHTTPServer):
    def handle_error(self, *of_whom: object) -> None:
        """Say nothing of clients that hung up."""


def vector_of(text: str) -> list[float]:
    return [float(len(text)), float(text.count("a")), 1.0, -2.0]


def row(index: int, vector: list[float]) -> dict[str, object]:
    return {"object": "embedding", "index": index, "embedding": vector}


def truth(asked: dict[str, object]) -> Reply:
    texts = asked["input"]
    assert isinstance(texts, list)
    # Backwards: order is told by `index`, not by place.
    rows = [row(index, vector_of(text)) for index, text in reversed(list(enumerate(texts)))]
    return Reply(json.dumps({"object": "list", "data": rows, "model": "m"}).encode())


@contextmanager
def embedding_service() -> Iterator[Service]:
    """Serve on a free port of this machine until left."""
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.asked.append(asked)
            told.paths.append(self.path)
            told.headers.append({name.lower(): value for name, value in self.headers.items()})
            next_reply = told.replies.pop(0) if told.replies else truth
            reply = next_reply if isinstance(next_reply, Reply) else next_reply(asked)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            with suppress(ConnectionError):
                for piece in pieces(reply):
                    self.wfile.write(piece)
            self.close_connection = reply.hang_up_after_bytes is not None

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    told.address = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
