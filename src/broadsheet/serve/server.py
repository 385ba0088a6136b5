"""Serve the pages on an address, with the day's clock beside them."""

import logging
import socket
from collections.abc import Callable

import uvicorn

from broadsheet.config import Settings
from broadsheet.errors import ConfigError
from broadsheet.library import Library
from broadsheet.serve.jobs import Clock, fetch_tick
from broadsheet.web.app import create_app

_BACKLOG = 128


def serve_pages(settings: Settings, host: str, port: int, on_open: Callable[[str], None]) -> None:
    """Serve until told to stop by a signal.

    Parameters
    ----------
    settings : Settings
        Of the library to serve; where no `base_url` was set, links lead to `host` and `port`.
    host, port : str, int
        Where to listen; port 0 takes a free one.
    on_open : callable
        Told the address once connections are taken.

    Raises
    ------
    ConfigError
        Where the address is taken or not ours.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    listening = _listen(host, port)
    shown_host = f"[{host}]" if ":" in host else host
    address = f"http://{shown_host}:{listening.getsockname()[1]}"
    if "base_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"base_url": address})
    with listening, Library(settings) as library, Clock(library), Clock(library, fetch_tick):
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(library), log_level="warning", access_log=False, server_header=False
            )
        )
        on_open(address)
        server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        # asyncio does not set it on sockets it did not make; without it a page on a kept
        # connection waits 40 ms for the client's acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port} ({error.strerror}): stop what runs there, "
            "or choose another with --port"
        ) from error
