"""The files of deploy/ name what exists: headers, metrics, settings, commands."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from broadsheet.config import Settings
from broadsheet.library import Library
from broadsheet.web.app import create_app

DEPLOY = Path(__file__).parents[1] / "deploy"
_TOKEN = "a-token-of-the-operator"


def _text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def test_every_alert_reads_a_metric_that_exists(library: Library) -> None:
    library.settings = library.settings.model_copy(
        update={"metrics_token": SecretStr(_TOKEN), "sources": "hf"}
    )
    library.subscriptions.subscribe("ada@example.org")
    with TestClient(create_app(library)) as client:
        client.get("/search?q=kites")
        text = client.get("/metrics", headers={"Authorization": f"Bearer {_TOKEN}"}).text
    # The sources of a library are chosen when it is opened: this one has none, only their heads.
    known = set(re.findall(r"^(?:# TYPE )?(broadsheet_\w+)", text, re.MULTILINE))
    expressions = re.findall(r"expr: (.+)", _text("alerts.yml"))
    used = {name for one in expressions for name in re.findall(r"broadsheet_\w+", one)}
    assert len(used) >= 9
    assert used <= known


def test_every_variable_of_the_files_is_a_setting() -> None:
    for name in ("Dockerfile", "compose.yaml", "broadsheet.service"):
        for variable in re.findall(r"BROADSHEET_([A-Z_]+?)(?:_FILE)?[=:]", _text(name)):
            assert variable.lower() in Settings.model_fields, (name, variable)


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_a_proxy_replaces_the_id_that_a_client_sent_and_keeps_metrics_inside(name: str) -> None:
    text = _text(name)
    assert re.search(r"X-Request-ID (\{http\.request\.uuid\}|\$request_id;)", text)
    assert re.search(r"/metrics (404|\{ return 404; \})", text)
    assert "X-Real-IP" not in text


def test_an_image_gets_nothing_but_what_it_needs() -> None:
    assert _text("Dockerfile.dockerignore").splitlines()[1] == "*"
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", _text("Dockerfile"), re.MULTILINE)
    names = " ".join(copied).split()
    assert {f"!{name}" for name in names} <= set(_text("Dockerfile.dockerignore").splitlines())
    assert all((DEPLOY.parent / name).exists() for name in names)
    assert re.search(r"^USER 10001", _text("Dockerfile"), re.MULTILINE)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("promtool", ["check", "rules", "alerts.yml"]),
        ("caddy", ["validate", "--config", "Caddyfile"]),
    ],
)
def test_the_programs_accept_their_files(program: str, words: list[str], tmp_path: Path) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    command = [program, *words, *(["--adapter", "caddyfile"] if program == "caddy" else [])]
    checked = subprocess.run(command, cwd=DEPLOY, env=environment, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
