"""Attack the same small application on several servers, and print what each withstands."""

import argparse
import asyncio
import logging
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

CONNECTIONS = 1_024
# Servers start with this soft limit of open files, as most systems set it.
_SOFT_FILES = 1_024
_PROBE_TIMEOUT_S = 2.0
# Probes come from an address of their own, and from the attacker's.
_ATTACKER, _OTHER = "127.0.0.1", "127.0.0.2"
_LARGE = b"x" * 1_000_000
_HELLO = b"Hello, world!"
# Paths of the probe, of a large response and of a page, of the small application and of our own.
_PATHS = {"": ("/", "/large", "/"), "broadsheet": ("/healthz", "/search?q=a", "/search?q=model")}

Message = MutableMapping[str, object]


async def hello_app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer "/" with a line, "/large" with 1 MB; read the body of a POST first."""
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
    if scope["method"] == "POST":
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            if not message.get("more_body"):
                break
    body = _LARGE if scope["path"] == "/large" else _HELLO
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _uvicorn(port: int, *, http: str, loop: str, guarded: bool = False) -> None:
    import uvicorn

    from broadsheet.serve.connections import ConnectionGuard, limits_of_system
    from broadsheet.serve.log_throttle import LogThrottle

    with socket.create_server(("127.0.0.1", port), backlog=1_024) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if guarded:
            limits = limits_of_system()
            logging.basicConfig(level=logging.WARNING)
            logging.getLogger().handlers[0].addFilter(LogThrottle())
            config = uvicorn.Config(
                hello_app,
                http=ConnectionGuard(limits).protocol(),
                loop=loop,
                ws="none",
                backlog=limits.backlog,
                log_config=None,
                access_log=False,
                timeout_keep_alive=int(limits.proxy_idle_s),
            )
        else:
            config = uvicorn.Config(
                hello_app, http=http, loop=loop, log_level="warning", access_log=False
            )
        uvicorn.Server(config).run(sockets=[listening])


def _hypercorn(port: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    # Its only limit of this kind: seconds between two reads.
    config.read_timeout = 10
    config.loglevel = "WARNING"
    asyncio.run(serve(hello_app, config))


def _granian(port: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings

    Granian(
        "bench.servers:hello_app",
        port=port,
        interface=Interfaces.ASGI,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
    ).serve()


def _broadsheet(port: int) -> None:
    command = [sys.executable, "-m", "broadsheet", "serve", "--port", str(port)]
    os.execv(sys.executable, command)


SERVERS: dict[str, Callable[[int], None]] = {
    "uvicorn h11": lambda port: _uvicorn(port, http="h11", loop="asyncio"),
    "uvicorn httptools": lambda port: _uvicorn(port, http="httptools", loop="asyncio"),
    "uvicorn httptools uvloop": lambda port: _uvicorn(port, http="httptools", loop="uvloop"),
    "hypercorn": _hypercorn,
    "granian": _granian,
    "guarded": lambda port: _uvicorn(port, http="", loop="asyncio", guarded=True),
    "guarded uvloop": lambda port: _uvicorn(port, http="", loop="uvloop", guarded=True),
    "broadsheet": _broadsheet,
}


async def _open(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.wait_for(
        asyncio.open_connection("127.0.0.1", port, local_addr=(_ATTACKER, 0), limit=1_024), 10
    )


async def _silent(port: int, name: str) -> None:
    reader, _writer = await _open(port)
    await reader.read()


async def _slow_headers(port: int, name: str) -> None:
    _reader, writer = await _open(port)
    for byte in b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 10_000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


async def _slow_body(port: int, name: str) -> None:
    _reader, writer = await _open(port)
    # The form of our own application; the small one accepts it too.
    head = b"POST /subscribe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n"
    writer.write(head)
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(12)


async def _slow_reader(port: int, name: str) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.setblocking(False)
        client.bind((_ATTACKER, 0))
        await asyncio.wait_for(loop.sock_connect(client, ("127.0.0.1", port)), 10)
        await loop.sock_sendall(client, _get(_paths(name)[1]))
        await asyncio.sleep(3_600)


async def _flood(port: int, name: str) -> None:
    """Open connections as fast as possible, and never close one."""
    with suppress(OSError, TimeoutError):
        while True:
            _reader, _writer = await _open(port)
            _FLOODED.append(_writer)


async def _requests(port: int, name: str) -> None:
    """Request a page again and again."""
    reader, writer = await _open(port)
    while True:
        writer.write(_get(_paths(name)[2]))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))


_FLOODED: list[asyncio.StreamWriter] = []
ATTACKS: dict[str, tuple[Callable[[int, str], Awaitable[None]], int]] = {
    "silent": (_silent, CONNECTIONS),
    "slow headers": (_slow_headers, CONNECTIONS),
    "slow body": (_slow_body, CONNECTIONS),
    "slow reader": (_slow_reader, CONNECTIONS),
    "flood": (_flood, 64),
    "requests": (_requests, 200),
}


def _paths(name: str) -> tuple[str, str, str]:
    return _PATHS.get(name, _PATHS[""])


def _get(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()


async def _attack(attack: str, name: str, port: int, seconds: float) -> None:
    one, count = ATTACKS[attack]

    async def endless() -> None:
        with suppress(OSError, TimeoutError):
            await one(port, name)

    tasks = [asyncio.create_task(endless()) for _ in range(count)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _probe(port: int, address: str, name: str) -> float | None:
    """Return the milliseconds of a request from a new connection; None after two seconds."""
    start = time.perf_counter()
    try:
        with socket.create_connection(
            ("127.0.0.1", port), _PROBE_TIMEOUT_S, source_address=(address, 0)
        ) as client:
            client.sendall(_get(_paths(name)[0], "Connection: close\r\n"))
            received = b""
            while b"\r\n\r\n" not in received:
                client.settimeout(max(0.001, start + _PROBE_TIMEOUT_S - time.perf_counter()))
                part = client.recv(4_096)
                if not part:
                    return None
                received += part
    except OSError:
        return None
    if not received.startswith(b"HTTP/1.1 200"):
        return None
    return (time.perf_counter() - start) * 1_000


def _held(port: int) -> int:
    """Count the established connections on the server's side."""
    local = f"{port:04X}"
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(row.split()[1].endswith(f":{local}") and row.split()[3] == "01" for row in rows)


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _tree(int(child)))]


def _cpu_s(pid: int) -> float:
    ticks = 0
    for each in _tree(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _rss_mb(pid: int) -> float:
    found = 0.0
    for each in _tree(pid):
        status = Path(f"/proc/{each}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+)", status)
        found += int(match[1]) / 1_024 if match else 0
    return found


@contextmanager
def _serving(name: str, log: Path) -> Iterator[tuple[int, int]]:
    """Run a server in a process of its own; yield its port and process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, __file__, "--serve", name, "--port", str(port)],
            stdout=output,
            stderr=output,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (_SOFT_FILES, hard)),  # noqa: PLW1509
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        while _probe(port, _OTHER, name) is None:
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"{name} did not start: {log.read_text()[-2_000:]}")
            time.sleep(0.05)
        yield port, process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _measure(name: str, attack: str, seconds: float) -> dict[str, float | None]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with _serving(name, log) as (port, pid):
            cpu_s = _cpu_s(pid)
            arguments = ["--port", str(port), "--seconds", str(seconds)]
            attacker = subprocess.Popen(
                [sys.executable, __file__, "--attack", attack, "--name", name, *arguments],
                stderr=subprocess.DEVNULL,
            )
            start = time.monotonic()
            time.sleep(2)
            probes: dict[str, list[float | None]] = {_ATTACKER: [], _OTHER: []}
            most, most_rss_mb, fell_after_s = 0, 0.0, None
            while (elapsed := time.monotonic() - start) < seconds - 1:
                held = _held(port)
                if held > most:
                    most, fell_after_s = held, None
                elif held <= most / 10 and fell_after_s is None:
                    fell_after_s = round(elapsed, 1)
                for address, found in probes.items():
                    found.append(_probe(port, address, name))
                most_rss_mb = max(most_rss_mb, _rss_mb(pid))
                time.sleep(1)
            used_s = _cpu_s(pid) - cpu_s
            attacker.wait()
        log_bytes = log.stat().st_size
    slowest = [taken or _PROBE_TIMEOUT_S * 1_000 for found in probes.values() for taken in found]
    return {
        **{
            f"answered_{'same' if address == _ATTACKER else 'other'}": sum(
                taken is not None for taken in found
            )
            / len(found)
            for address, found in probes.items()
        },
        "slowest_ms": round(max(slowest), 1),
        "most_open": most,
        "fell_after_s": fell_after_s,
        "cpu_s": round(used_s, 1),
        "rss_mb": round(most_rss_mb),
        "log_bytes": log_bytes,
    }


def _hello_per_s(name: str, seconds: int) -> float | None:
    if shutil.which("wrk") is None:
        return None
    with tempfile.TemporaryDirectory() as folder, _serving(name, Path(folder) / "log") as (port, _):
        printed = subprocess.run(
            ["wrk", "-t1", "-c50", f"-d{seconds}s", f"http://127.0.0.1:{port}{_paths(name)[0]}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    return float(found[1]) if found else None


def _row(title: str, figures: dict[str, float | None]) -> str:
    fell = figures["fell_after_s"]
    return (
        f"{title:<26} {figures['answered_other']:>6.0%} {figures['answered_same']:>6.0%} "
        f"{figures['slowest_ms']:>8.0f} {figures['most_open']:>6.0f} "
        f"{'never' if fell is None else f'{fell:.0f} s':>7} {figures['cpu_s']:>5} "
        f"{figures['rss_mb']:>5} {figures['log_bytes']:>10,.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", nargs="*", default=list(SERVERS)[:-1], choices=list(SERVERS))
    parser.add_argument("--attacks", nargs="*", default=list(ATTACKS), choices=list(ATTACKS))
    parser.add_argument("--seconds", type=float, default=16, help="of each attack")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", choices=list(SERVERS), help=argparse.SUPPRESS)
    parser.add_argument("--attack", choices=list(ATTACKS), help=argparse.SUPPRESS)
    parser.add_argument("--name", choices=list(SERVERS), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if options.serve:
        SERVERS[options.serve](options.port)
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.attack:
        asyncio.run(_attack(options.attack, options.name, options.port, options.seconds))
        return
    document: dict[str, dict[str, object]] = {}
    for attack in options.attacks:
        if not options.json:
            print(
                f"\n{attack:<26} {'other':>6} {'same':>6} {'slowest':>8} {'open':>6} "
                f"{'fell':>7} {'cpu s':>5} {'MB':>5} {'log bytes':>10}"
            )
        for name in options.servers:
            figures = _measure(name, attack, options.seconds)
            document.setdefault(name, {})[attack] = figures
            if not options.json:
                print(_row(name, figures), flush=True)
    for name in options.servers:
        per_s = document.setdefault(name, {})["hello_per_s"] = _hello_per_s(name, 3)
        if not options.json and per_s is not None:
            print(f"{name:<26} {per_s:>10,.0f} requests/s")
    if options.json:
        print(orjson.dumps(document).decode())


if __name__ == "__main__":
    main()
