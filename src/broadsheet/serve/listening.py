"""Open the sockets that connections are accepted from."""

import errno
import socket

from broadsheet.errors import ConfigError

_BACKLOG = 128


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket that listens on an address.

    Parameters
    ----------
    host, port : str, int
        Address to listen on; port 0 selects a free port.
    shared : bool
        Whether other processes of this user listen on the same address with sockets of their own;
        the system assigns each connection to one of them (``SO_REUSEPORT``).

    Raises
    ------
    ConfigError
        If the address is in use or not available.
    """
    try:
        listening = socket.create_server(
            (host, port), family=_family(host), backlog=_BACKLOG, reuse_port=shared
        )
    except OSError as error:
        raise _config_error(host, port, error) from error
    # asyncio sets this only on sockets that it creates; without it, a response on a reused
    # connection waits 40 ms for the client's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that keeps an address for the shared sockets of this user, and is not one.

    Raises
    ------
    ConfigError
        As :func:`listen`; also if sockets that are shared listen on the address already.
    """
    reserved = socket.socket(_family(host))
    try:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind((host, port))
        listen(host, reserved.getsockname()[1]).close()
    except ConfigError:
        reserved.close()
        raise
    except OSError as error:
        reserved.close()
        raise _config_error(host, port, error) from error
    return reserved


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _config_error(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        reason = "another process uses this port: stop it, or choose another with --port"
    else:
        # create_server appends the address to the text of the system.
        reason = f"{(error.strerror or str(error)).partition(' (')[0]}: check --host and --port"
    return ConfigError(f"cannot listen on {host} port {port}: {reason}")
