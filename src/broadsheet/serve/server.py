"""Serve the pages on an address, and run the jobs beside them."""

import os
import sys
import threading
from collections.abc import Callable
from socket import socket

from broadsheet.config import Settings
from broadsheet.serve.listening import listen, reserve
from broadsheet.serve.logs import configure_logging
from broadsheet.serve.supervisor import supervise

_MAX_DEFAULT_PROCESSES = 8


def page_processes(settings: Settings) -> int:
    """Return the number of processes that serve pages."""
    if settings.processes is not None:
        return settings.processes
    # Other systems do not distribute connections over sockets that share an address.
    if sys.platform != "linux":
        return 1
    return min(len(os.sched_getaffinity(0)), _MAX_DEFAULT_PROCESSES)


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
    BroadsheetError
        If the library cannot be opened.
    """
    configure_logging(settings.log_format, access_log=settings.access_log)
    processes = page_processes(settings)
    with listen(host, port) if processes == 1 else reserve(host, port) as bound:
        port = bound.getsockname()[1]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        if "base_url" not in settings.model_fields_set:
            settings = settings.model_copy(update={"base_url": address})
        if processes == 1:
            _serve_here(settings, bound, lambda: on_open(address))
        else:
            supervise(settings, host, port, processes, lambda: on_open(address))


def _serve_here(settings: Settings, listening: socket, on_open: Callable[[], None]) -> None:
    # Not at the top: the supervisor of several processes needs none of it, 90 MB.
    from broadsheet.library import Library
    from broadsheet.serve.jobs import library_jobs, remember_address
    from broadsheet.serve.pages import serve_library
    from broadsheet.serve.runner import JobRunner
    from broadsheet.web.limits.rate_limiter import Limiters

    stop = threading.Event()
    with Library(settings) as library:
        remember_address(library)
        with JobRunner(library_jobs(library, stop.is_set), stop):
            serve_library(library, listening, Limiters(), on_open)
