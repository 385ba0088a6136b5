"""Serve the pages on an address, and run the jobs beside them."""

import errno
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn

from broadsheet.config import Settings
from broadsheet.errors import ConfigError
from broadsheet.library import Library
from broadsheet.serve.jobs import library_jobs
from broadsheet.serve.logs import configure_logging
from broadsheet.serve.runner import JobRunner
from broadsheet.web.app import create_app

_BACKLOG = 128


def serve_pages(settings: Settings, host: str, port: int, on_open: Callable[[str], None]) -> None:
    """Serve the pages and run the jobs until SIGINT or SIGTERM.

    Parameters
    ----------
    settings : Settings
        Settings of the library; if `base_url` is not set, links use `host` and `port`.
    host, port : str, int
        Address to listen on; port 0 selects a free port.
    on_open : callable
        Called with the URL when the server accepts connections.

    Raises
    ------
    ConfigError
        If the address is in use or not available.
    """
    configure_logging()
    listening = _listen(host, port)
    shown_host = f"[{host}]" if ":" in host else host
    address = f"http://{shown_host}:{listening.getsockname()[1]}"
    if "base_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"base_url": address})
    stop = threading.Event()
    with (
        listening,
        Library(settings) as library,
        JobRunner(library_jobs(library, stop.is_set), stop),
    ):
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(library),
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
            )
        )
        # uvicorn raises the signal again after its own shutdown. The default action of SIGTERM
        # would then end the process before the jobs have stopped.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _exit)
        on_open(address)
        server.run(sockets=[listening])


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        # asyncio sets this only on sockets that it creates; without it, a response on a reused
        # connection waits 40 ms for the client's acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = "another process uses this port: stop it, or choose another with --port"
        else:
            # create_server appends the address to the text of the system.
            reason = f"{(error.strerror or str(error)).partition(' (')[0]}: check --host and --port"
        raise ConfigError(f"cannot listen on {host} port {port}: {reason}") from error
