"""The server process: it stops its jobs before it exits, and explains why it cannot listen."""

import os
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from broadsheet.config import load_settings
from broadsheet.errors import ConfigError
from broadsheet.library import Library
from broadsheet.model import DeliveryState
from broadsheet.serve.listening import listen
from tests.mail.conftest import listening

_TIMEOUT_S = 60.0


def test_sigterm_ends_the_process_after_the_current_mail(tmp_path: Path) -> None:
    with listening() as server:
        server.stall.set()
        smtp = f"smtp://127.0.0.1:{server.port}"
        command = [sys.executable, "-m", "broadsheet", "serve", "--data", str(tmp_path)]
        with subprocess.Popen(
            [*command, "--port", "0"],
            env=os.environ
            | {"BROADSHEET_SMTP": smtp, "BROADSHEET_BASE_URL": "http://news.example"},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            for name in ("ada", "bo"):
                form = urllib.parse.urlencode({"email": f"{name}@example.org"}).encode()
                request = urllib.request.Request(f"{url}/subscribe", form, {"Origin": url})
                urllib.request.urlopen(request, timeout=_TIMEOUT_S).close()
            deadline = time.monotonic() + _TIMEOUT_S
            while not server.connections and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            time.sleep(1.0)
            server.stall.clear()
            assert process.wait(_TIMEOUT_S) == 0
        assert len(server.messages) == 1
    with Library(load_settings({"data": tmp_path}, environment={})) as library:
        assert library.health().deliveries == {DeliveryState.SENT: 1, DeliveryState.DUE: 1}


def test_a_port_in_use_and_an_unknown_host_have_different_errors() -> None:
    with (
        listen("127.0.0.1", 0) as taken,
        pytest.raises(ConfigError, match="another process uses this port"),
    ):
        listen("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(ConfigError, match="check --host and --port"):
        listen("256.1.1.1", 0)
