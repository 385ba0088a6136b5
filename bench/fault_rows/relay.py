"""A mail server that fails on purpose."""

import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Self

_HANG_S = 600.0
# Long for a person, and shorter than the timeout of a mail client.
_SLOW_S = 3.0
PHASES = ("connect", "greeting", "rcpt", "data")
FAULTS = ("hang", "reset", "defer", "refuse", "slow")


class Relay:
    """An SMTP server in threads; `fault` happens at `phase`, until `fault` is set to None.

    Parameters
    ----------
    fault : str or None
        Of :data:`FAULTS`: no reply, a reset of the connection, a reply 4xx or 5xx, or a reply after
        three seconds.
    phase : str
        Of :data:`PHASES`: before the greeting, in reply to EHLO, to RCPT, and to the content. A
        message is received before the fault of phase ``data``.

    Attributes
    ----------
    received : Counter of str
        How often each recipient was sent a message that the server has.
    """

    def __init__(self, fault: str | None = None, phase: str = "") -> None:
        self.fault, self.phase = fault, phase
        self.received: Counter[str] = Counter()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._closing = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address, as the setting `smtp` takes it."""
        return f"smtp://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            self._reply(connection, "connect", "220 relay")
            recipient = ""
            while line := lines.readline():
                verb = line[:4].upper()
                if verb in (b"EHLO", b"HELO"):
                    self._reply(connection, "greeting", "250 relay")
                elif verb == b"RCPT":
                    recipient = line.decode().partition("<")[2].partition(">")[0]
                    self._reply(connection, "rcpt", "250 ok")
                elif verb == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    while lines.readline() not in (b".\r\n", b""):
                        pass
                    # A server that refuses a message does not have it.
                    if not (self.phase == "data" and self.fault in ("defer", "refuse")):
                        with self._lock:
                            self.received[recipient] += 1
                    self._reply(connection, "data", "250 queued")
                elif verb == b"QUIT":
                    connection.sendall(b"221 bye\r\n")
                    return
                else:
                    connection.sendall(b"250 ok\r\n")

    def _reply(self, connection: socket.socket, phase: str, reply: str) -> None:
        fault = self.fault if phase == self.phase else None
        if fault == "hang":
            self._closing.wait(_HANG_S)
            raise OSError
        if fault == "reset":
            # Closing with unsent data discarded sends RST.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
            raise OSError
        if fault == "slow":
            time.sleep(_SLOW_S)
        code = {"defer": "451 later", "refuse": "550 no"}.get(fault or "", reply)
        connection.sendall(f"{code}\r\n".encode())
