"""Serve one line on the server of ``broadsheet serve``, in some processes; see web.py."""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from types import FrameType

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.serve import pages
from broadsheet.serve.listening import listen, reserve
from broadsheet.web.limits.rate_limiter import Limiters

Message = MutableMapping[str, object]


async def hello(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer with one line."""
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"13")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"Hello, world!"})


def main() -> None:
    """Print the port, then serve until SIGTERM."""
    processes = int(sys.argv[1])
    setattr(pages, "create_app", lambda *_, **__: hello)  # noqa: B010
    with reserve("127.0.0.1", 0) as bound, tempfile.TemporaryDirectory() as folder:
        port = bound.getsockname()[1]
        children = [_forked(port, Path(folder) / str(number)) for number in range(processes)]

        def end(number: int, frame: FrameType | None) -> None:
            for pid in children:
                os.kill(pid, number)

        signal.signal(signal.SIGTERM, end)
        threading.Timer(3, lambda: print(port, flush=True)).start()
        for pid in children:
            os.waitpid(pid, 0)


def _forked(port: int, folder: Path) -> int:
    pid = os.fork()
    if pid == 0:
        settings = load_settings({"data": folder, "sources": "none"}, environment={})
        with Library(settings) as library, listen("127.0.0.1", port, shared=True) as listening:
            pages.serve_library(library, listening, Limiters(), lambda: None)
        os._exit(0)
    return pid


if __name__ == "__main__":
    main()
