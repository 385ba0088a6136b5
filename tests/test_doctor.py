"""What the doctor reports, and at which level."""

import socket
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from broadsheet import doctor
from broadsheet.config import Settings, load_settings
from broadsheet.doctor import Finding, Level, check_machine, diagnose
from broadsheet.library import Library, diagnose_installation
from broadsheet.model import SourceState, SubscriptionState
from broadsheet.model.health import Health
from tests.conftest import NOW
from tests.mail.conftest import listening

_TODAY = NOW.date()


def _health(**changes: object) -> Health:
    values: dict[str, object] = {
        "papers": 24,
        "behind": 0,
        "rebuilt": None,
        "edition": _TODAY,
        "is_quiet": False,
        "subscriptions": {SubscriptionState.CONFIRMED: 3},
        "deliveries": {},
    }
    return Health(**{**values, **changes})  # type: ignore[arg-type]


def _of(findings: list[Finding], check: str) -> list[Finding]:
    return [one for one in findings if one.check == check]


def _diagnosed(settings: Settings, check: str, **changes: object) -> list[Finding]:
    return _of(list(diagnose(_health(**changes), settings, NOW, _TODAY)), check)


def _installed(settings: Settings, **changes: object) -> list[Finding]:
    Library(settings).close()
    return diagnose_installation(settings.model_copy(update=changes))


@pytest.mark.parametrize(
    ("publish_at", "changes", "level", "words"),
    [
        ("06:00", {}, Level.OK, "is published"),
        ("06:00", {"edition": None, "is_quiet": True}, Level.OK, "no new papers"),
        ("10:00", {"edition": None}, Level.OK, "due at 10:00 UTC, in 1 hour"),
        ("06:00", {"edition": None}, Level.WARNING, "today has no edition"),
        (
            "06:00",
            {"edition": None, "late_edition": _TODAY},
            Level.WARNING,
            "none is published yet",
        ),
        (
            "06:00",
            {"edition": _TODAY - timedelta(days=2), "late_edition": _TODAY},
            Level.ERROR,
            "the newest is of 2026-03-09",
        ),
    ],
)
def test_an_edition_that_is_not_due_yet_is_ok_and_a_late_one_an_error(
    publish_at: str, changes: dict[str, object], level: Level, words: str
) -> None:
    settings = load_settings({"publish_at": publish_at}, {})
    (finding,) = _diagnosed(settings, "edition", **changes)
    assert finding.level is level
    assert words in finding.text


def test_a_failed_source_and_an_index_behind_are_warnings(settings: Settings) -> None:
    failed = SourceState("hf", attempted_at=NOW, failures=2, error="no reply")
    (finding,) = _diagnosed(settings, "sources", sources=(failed,))
    assert (finding.level, "failed 2 times" in finding.text) == (Level.WARNING, True)
    (finding,) = _diagnosed(settings, "index", behind=5)
    assert finding.level is Level.WARNING


def test_a_source_that_does_not_exist_is_an_error(settings: Settings) -> None:
    unknown = SourceState("arxive", exists=False, error="no such source")
    (finding,) = _diagnosed(settings, "sources", sources=(unknown,))
    assert finding.level is Level.ERROR


def test_an_entry_from_the_future_is_a_warning_about_the_clock(settings: Settings) -> None:
    def level(minutes: int) -> Level:
        state = SourceState("hf", attempted_at=NOW + timedelta(minutes=minutes))
        (finding,) = _diagnosed(settings, "clock", sources=(state,))
        return finding.level

    assert [level(minutes) for minutes in (-60, 1, 90)] == [Level.OK, Level.OK, Level.WARNING]


@pytest.mark.parametrize(
    ("smtp", "base_url", "level"),
    [
        (None, "http://127.0.0.1:8000", Level.OK),
        ("smtp://127.0.0.1", "http://127.0.0.1:8000", Level.ERROR),
        ("smtp://127.0.0.1", "https://news.example", Level.OK),
        (None, "https://news.example", Level.OK),
    ],
)
def test_a_loopback_address_is_an_error_once_mail_is_sent(
    settings: Settings, smtp: str | None, base_url: str, level: Level
) -> None:
    secret = SecretStr(smtp) if smtp else None
    changed = settings.model_copy(update={"smtp": secret, "base_url": base_url})
    (finding,) = _diagnosed(changed, "address")
    assert (finding.level, base_url in finding.text) == (level, True)


def test_links_without_https_are_a_warning(settings: Settings) -> None:
    changed = settings.model_copy(update={"base_url": "http://news.example"})
    (finding,) = _diagnosed(changed, "encryption")
    assert (finding.level, "https" in finding.text) == (Level.WARNING, True)


def test_a_mail_server_that_accepts_connections_is_ok(settings: Settings) -> None:
    with listening() as server:
        smtp = SecretStr(f"smtp://127.0.0.1:{server.port}")
        found = _of(_installed(settings, smtp=smtp), "mail")
        assert server.received == []
    assert all(one.ok for one in found)
    assert any(f"127.0.0.1:{server.port} accepts connections" in one.text for one in found)


def test_a_closed_smtp_port_is_an_error(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    found = _of(_installed(settings, smtp=SecretStr(f"smtp://127.0.0.1:{port}")), "mail")
    (error,) = [one for one in found if one.level is Level.ERROR]
    expected = f"the mail server 127.0.0.1:{port} cannot be reached (Connection refused)"
    assert error.text == f"{expected}: check the setting 'smtp'"


def test_a_rejected_password_is_an_error_without_the_password(settings: Settings) -> None:
    with listening() as server:
        smtp = SecretStr(f"smtp://ada:hunter2@127.0.0.1:{server.port}")
        found = _of(_installed(settings, smtp=smtp), "mail")
    (error,) = [one for one in found if one.level is Level.ERROR]
    assert "127.0.0.1" in error.text
    assert "hunter2" not in str(found)


@pytest.mark.parametrize("url", ["hunter2", "smtp://[", "smtp://ada:hunter2/@mail.example"])
def test_an_invalid_url_of_the_mail_server_is_an_error(settings: Settings, url: str) -> None:
    found = _of(_installed(settings, smtp=SecretStr(url)), "mail")
    assert [one for one in found if one.text.startswith("the SMTP URL ") and not one.ok]
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("free", "level"), [(10**10, Level.OK), (5 * 10**8, Level.WARNING), (10**7, Level.ERROR)]
)
def test_little_disk_space_is_a_warning_and_a_full_disk_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: Level
) -> None:
    monkeypatch.setattr(doctor, "free_bytes", lambda folder: free)
    (finding,) = _of(list(check_machine(load_settings({"data": tmp_path}, {}), NOW)), "disk")
    assert finding.level is level


@pytest.mark.parametrize(
    ("flags", "level"),
    [({}, Level.WARNING), ({"timezone": "UTC"}, Level.OK), ({"timezone": "Asia/Tokyo"}, Level.OK)],
)
def test_a_time_zone_that_was_not_chosen_and_differs_from_the_machine_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, flags: dict[str, object], level: Level
) -> None:
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        (finding,) = _of(list(check_machine(load_settings(flags, {}), NOW)), "time zone")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (finding.level, "CET" in finding.text) == (level, True)


def test_an_unknown_variable_is_a_warning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROADSHEET_DEPLOYED_BY", "ada")
    found = [one.text for one in check_machine(settings, NOW) if one.level is Level.WARNING]
    assert any("BROADSHEET_DEPLOYED_BY names no setting" in text for text in found)


def test_a_library_of_an_earlier_version_is_not_migrated(settings: Settings) -> None:
    Library(settings).close()
    file = settings.data / "library.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.commit()
    (finding,) = _of(diagnose_installation(settings), "library")
    assert (finding.level, "has schema 0001" in finding.text) == (Level.WARNING, True)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    connection.close()


def test_a_library_without_an_index_gets_none(settings: Settings) -> None:
    found = _installed(settings)
    assert all(one.level is not Level.ERROR for one in found)
    assert sorted(path.name for path in settings.data.iterdir()) == ["library.sqlite3"]
