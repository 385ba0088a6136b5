"""A flood of requests, and connections that never finish a request."""

import shutil
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from fault_rows.site import Outcome, Row, Server, SkippedError, serve

_CONNECTIONS, _SLOW_CONNECTIONS, _SECONDS = 200, 1_100, 15
_HEALTH_S = 2.0


def _health_during(server: Server, outcome: Outcome, stop: threading.Event) -> None:
    taken = []
    while not stop.is_set():
        started = time.monotonic()
        status = server.status("/healthz", timeout_s=10)
        taken.append(time.monotonic() - started)
        outcome.check(status == 200, f"/healthz answered {status}")
        stop.wait(0.5)
    late = sum(each > _HEALTH_S for each in taken)
    outcome.meanwhile = f"/healthz answered {len(taken)} times, within {max(taken):.2f} s at most"
    outcome.check(not late, f"/healthz took more than {_HEALTH_S:.0f} s {late} times")
    outcome.problems = list(dict.fromkeys(outcome.problems))


def _flood(data: Path) -> Outcome:
    outcome, stop = Outcome(), threading.Event()
    if shutil.which("wrk") is None:
        raise SkippedError("needs wrk")
    with serve(data) as server:
        watch = threading.Thread(target=_health_during, args=(server, outcome, stop))
        watch.start()
        load = ["wrk", "-t", "1", "-c", str(_CONNECTIONS), "-d", f"{_SECONDS}s", "--timeout", "30s"]
        flood = subprocess.run(
            [*load, f"{server.address}/"], capture_output=True, text=True, check=False
        )
        stop.set()
        watch.join()
        rate = next((line for line in flood.stdout.splitlines() if "Requests/sec" in line), "")
        outcome.meanwhile += f"; {rate.strip()}"
        outcome.check(
            server.wait_for(lambda: server.status("/") == 200, 10) is not None, "it stays closed"
        )
        outcome.check(server.is_alive, "the server ended")
    return outcome


def _slowloris(data: Path) -> Outcome:
    outcome, stop = Outcome(), threading.Event()
    with serve(data) as server:
        watch = threading.Thread(target=_health_during, args=(server, outcome, stop))
        sockets: list[socket.socket] = []
        watch.start()
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError):
                while len(sockets) < _SLOW_CONNECTIONS:
                    sockets.append(socket.create_connection(("127.0.0.1", server.port), 0.2))
                    sockets[-1].sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-a: ")
            for each in sockets:
                with suppress(OSError):
                    each.sendall(b"b")
            time.sleep(1)
        stop.set()
        watch.join()
        outcome.meanwhile += f"; {len(sockets)} connections"
        for each in sockets:
            each.close()
        log_kb = server.log.stat().st_size >> 10
        outcome.check(log_kb < 100, f"the log has {log_kb} kB")
        outcome.check(server.status("/") == 200, "the front page is not served afterwards")
    return outcome


ROWS: dict[str, tuple[str, Row]] = {
    "flood": (f"{_CONNECTIONS} connections request the front page", _flood),
    "slowloris": (f"{_SLOW_CONNECTIONS} connections send headers slowly", _slowloris),
}
