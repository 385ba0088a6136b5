"""The audit of pinned packages fails on a finding and on nothing else."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "audit.py"


@pytest.fixture
def verdict() -> Callable[[str, str], tuple[int, str]]:
    if not SCRIPT.exists():
        pytest.skip("the source archive has no .ci folder")
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Callable[[str, str], tuple[int, str]]", module.verdict)


def test_an_audit_fails_on_a_known_vulnerability(
    verdict: Callable[[str, str], tuple[int, str]],
) -> None:
    sound = {"name": "kite", "version": "1.0", "vulns": []}
    flawed = {"name": "cord", "version": "2.0", "vulns": [{"id": "CVE-2026-1"}]}
    report = json.dumps({"dependencies": [sound, flawed]})
    assert verdict(report, "") == (1, "known vulnerabilities: cord 2.0: CVE-2026-1")
    assert verdict(json.dumps({"dependencies": [sound]}), "")[0] == 0


@pytest.mark.parametrize(
    "report", ["", json.dumps({"dependencies": [{"name": "kite", "skip_reason": "not found"}]})]
)
def test_an_audit_without_an_advisory_service_is_skipped_in_one_line(
    verdict: Callable[[str, str], tuple[int, str]], report: str
) -> None:
    status, line = verdict(report, "Traceback\nConnectionError: no name\n")
    assert status == 0
    assert line.startswith("audit skipped: no advisory service was reached (")
    assert "\n" not in line
