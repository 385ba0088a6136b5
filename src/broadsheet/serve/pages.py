"""The web server of one process: the application, behind limits on connections."""

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from broadsheet.library import Library
from broadsheet.serve.connections import ConnectionGuard, limits_of_system
from broadsheet.serve.proxies import TrustedProxies
from broadsheet.serve.request_log import RequestLog
from broadsheet.web.app import create_app
from broadsheet.web.limits.rate_limiter import Limiters
from broadsheet.web.limits.search_slots import processors

_STOP_TIMEOUT_S = 10


def serve_library(
    library: Library,
    listening: socket.socket,
    limiters: Limiters,
    on_open: Callable[[], None],
    processes: int = 1,
) -> None:
    """Serve the pages of a library until SIGINT or SIGTERM.

    Parameters
    ----------
    library : Library
        An open library.
    listening : socket.socket
        The socket to accept connections from.
    limiters : Limiters
        Creates the rate limiters.
    on_open : callable
        Called when the application is ready.
    processes : int
        Processes that serve this library: together they run as many searches as processors.
    """
    limits = limits_of_system()
    proxies = library.settings.trusted_networks
    app = create_app(library, limiters, max(1, processors() // processes))
    config = uvicorn.Config(
        RequestLog(TrustedProxies(app, proxies), proxies),
        http=ConnectionGuard(limits, proxies).protocol(),
        ws="none",
        backlog=limits.backlog,
        # The guard closes connections earlier.
        timeout_keep_alive=int(limits.proxy_idle_s),
        timeout_graceful_shutdown=_STOP_TIMEOUT_S,
        proxy_headers=False,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    # uvicorn raises the signal again after its own shutdown. The default action of SIGTERM
    # would then end the process before the jobs have stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)
    on_open()
    uvicorn.Server(config).run(sockets=[listening])


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
