"""One of several processes: how it ends."""

import io
import json
import signal
import sys
from types import SimpleNamespace

import pytest

from broadsheet.config import Settings
from broadsheet.errors import BroadsheetError
from broadsheet.serve import worker


def test_a_process_that_ends_ignores_further_signals(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise BroadsheetError("the database is damaged")

    start = json.dumps({"settings": settings.model_dump(mode="json")}).encode()
    monkeypatch.setattr(sys, "argv", ["worker", "jobs"])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(start)))
    for name in ("_end_with_the_supervisor", "configure_logging"):
        monkeypatch.setattr(worker, name, lambda *_, **__: None)
    reported: list[str | None] = []
    monkeypatch.setattr(worker, "_report", reported.append)
    monkeypatch.setattr(worker, "_run_jobs", fail)
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    try:
        with pytest.raises(SystemExit):
            worker.main()
        assert [signal.getsignal(number) for number in numbers] == [signal.SIG_IGN] * 2
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    assert reported == ["the database is damaged"]
