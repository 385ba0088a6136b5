"""Several processes: they serve one library, are restarted, count limits together and all stop."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from broadsheet.config import Settings, load_settings
from broadsheet.errors import BroadsheetError
from broadsheet.library import Library
from broadsheet.model import DeliveryState
from broadsheet.serve import supervisor
from broadsheet.serve.supervisor import restart_delay_s, supervise
from tests.mail.conftest import listening

_TIMEOUT_S = 60.0
COMMAND = [sys.executable, "-m", "broadsheet", "serve", "--port", "0"]


@contextmanager
def serving(data: Path, **variables: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run ``broadsheet serve`` with two processes; yield it and its URL."""
    with subprocess.Popen(
        [*COMMAND, "--data", str(data)],
        env={**os.environ, "BROADSHEET_PROCESSES": "2", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + _TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, "timeout"
        time.sleep(0.05)


def children(pid: int) -> dict[int, str]:
    """Return the role of each child process."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {
        int(child): Path(f"/proc/{child}/cmdline").read_text().rstrip("\0").rpartition("\0")[2]
        for child in pids
    }


def is_running(pid: int) -> bool:
    """Return whether a process runs; one that has ended may wait for its parent to notice."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def status(url: str, form: dict[str, str] | None = None) -> int:
    data = None if form is None else urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(url, data)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_processes_count_limits_together_are_restarted_and_stop_together(tmp_path: Path) -> None:
    with (
        listening() as mail,
        serving(
            tmp_path,
            BROADSHEET_SMTP=f"smtp://127.0.0.1:{mail.port}",
            BROADSHEET_BASE_URL="http://news.example",
            BROADSHEET_API_REQUESTS_AN_HOUR="20",
        ) as (process, url),
    ):
        roles = children(process.pid)
        assert sorted(roles.values()) == ["jobs", "web", "web"]
        assert [status(f"{url}/api/v1/papers") for _ in range(25)] == [200] * 20 + [429] * 5

        first = min(pid for pid, role in roles.items() if role == "web")
        os.kill(first, signal.SIGBUS)
        wait_until(lambda: first not in children(process.pid))
        assert [status(f"{url}/trending") for _ in range(5)] == [200] * 5
        os.kill(next(pid for pid, role in roles.items() if role == "jobs"), signal.SIGKILL)
        wait_until(lambda: sorted(children(process.pid).values()) == ["jobs", "web", "web"])

        # The mail that is being sent is finished.
        mail.stall.set()
        for email in ("ada@one.example", "bo@two.example"):
            assert status(f"{url}/subscribe", {"email": email}) == 200
        wait_until(lambda: bool(mail.connections))
        running = list(children(process.pid))
        process.send_signal(signal.SIGTERM)
        time.sleep(1.0)
        mail.stall.clear()
        assert process.wait(_TIMEOUT_S) == 0
        assert not any(is_running(pid) for pid in running)
        assert process.stderr is not None
        assert re.search(
            r"a web process \(pid \d+\) ended with SIGBUS; restart in 1 s", process.stderr.read()
        )
    with Library(load_settings({"data": tmp_path}, environment={})) as library:
        assert library.health().deliveries == {DeliveryState.SENT: 1, DeliveryState.DUE: 1}


def test_all_processes_end_if_the_supervisor_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        assert status(f"{url}/healthz") == 200
        running = list(children(process.pid))
        assert len(running) == 3
        process.kill()
        process.wait()
        wait_until(lambda: not any(is_running(pid) for pid in running))


def test_an_error_at_the_start_is_shown_once_and_ends_the_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def start(role: str, line: bytes, output: int) -> "subprocess.Popen[bytes]":
        error = "'no library'" if role == "jobs" else "None"
        code = f"import json, time; print(json.dumps({{'error': {error}}}), flush=True)"
        code += "" if role == "jobs" else "; time.sleep(600)"
        pipe = subprocess.PIPE
        started.append(subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe))
        return started[-1]

    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setattr(supervisor, "_start", start)
    with pytest.raises(BroadsheetError, match="no library"):
        supervise(settings, "127.0.0.1", 0, 2, lambda: None)
    for number, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
        signal.signal(number, handler)
    assert len(started) == 3
    assert all(process.returncode is not None for process in started)


@pytest.mark.parametrize(
    ("ran_s", "last_delay_s", "delay_s"),
    [(3_600, 0, 0), (3_600, 30, 0), (5, 0, 1), (5, 1, 2), (5, 16, 30), (5, 30, 30)],
)
def test_a_process_that_ends_soon_is_restarted_later(
    ran_s: float, last_delay_s: float, delay_s: float
) -> None:
    assert restart_delay_s(ran_s, last_delay_s) == delay_s


def test_processes_count_requests_together_and_log_them_to_the_standard_output(
    tmp_path: Path,
) -> None:
    token = "a-token-of-the-operator"
    variables = {"METRICS_TOKEN": token, "ACCESS_LOG": "true", "LOG_FORMAT": "json"}
    with serving(
        tmp_path, **{f"BROADSHEET_{name}": value for name, value in variables.items()}
    ) as (process, url):
        for _ in range(30):
            assert status(f"{url}/search?q=secret") == 200
        assert status(f"{url}/metrics") == 401

        def searches() -> float:
            request = urllib.request.Request(
                f"{url}/metrics", headers={"Authorization": f"Bearer {token}"}
            )
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
                text = response.read().decode()
            return {
                family.name: sum(one.value for one in family.samples if one.name.endswith("_count"))
                for family in text_string_to_metric_families(text)
            }["broadsheet_search_duration_seconds"]

        web = next(pid for pid, role in children(process.pid).items() if role == "web")
        before = searches()
        os.kill(web, signal.SIGKILL)
        wait_until(lambda: len(children(process.pid)) == 3 and not is_running(web))

        def is_counted() -> bool:
            # A connection that the killed process had not accepted is reset.
            with suppress(OSError):
                return searches() >= before > 0
            return False

        wait_until(is_counted)
        process.terminate()
        output, log = process.communicate(timeout=_TIMEOUT_S)
    lines = [json.loads(line) for line in output.splitlines()]
    assert sum(line["path"] == "/search" for line in lines) == 30
    assert {line["network"] for line in lines} == {"127.0.0.1"}
    assert "secret" not in output
    assert all(json.loads(line)["time"] for line in log.splitlines())


def test_a_process_that_the_system_cannot_start_now_is_started_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subprocess.Popen(["true"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ended:
        ended.wait()
        child = supervisor._Child("web", b"", 2, ended, time.monotonic() - 3_600)

        def refuse(role: str, line: bytes, output: int) -> "subprocess.Popen[bytes]":
            raise OSError("cannot allocate memory")

        monkeypatch.setattr(supervisor, "_start", refuse)
        supervisor._restart_if_ended(child)
        assert child.restart_at_s is not None
        monkeypatch.setattr(supervisor, "_start", lambda role, line, output: ended)
        child.restart_at_s = 0.0
        supervisor._restart_if_ended(child)
        assert child.restart_at_s is None
