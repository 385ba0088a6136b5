"""The health check under load and with real faults of the disk and the database."""

import resource
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from starlette.testclient import TestClient

from broadsheet.config import load_settings
from broadsheet.doctor import folder_error
from broadsheet.library import Library, diagnose_installation
from broadsheet.web import health as health_module
from broadsheet.web.app import create_app
from broadsheet.web.health import HealthMonitor, HealthReport
from broadsheet.web.middleware import bounded_wait
from tests.conftest import NOW

_PAGES = ("/", "/search?q=kites", "/papers/arxiv:2603.00001", "/trending", "/editions", "/status")


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    """Let writes past a size fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _overwrite(path: Path, start: int, size: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * size)


def _reopened(library: Library) -> Library:
    """Open a library again, as its page caches may hold what is damaged on the disk."""
    library.close()
    return Library(library.settings, clock=lambda: NOW)


def test_a_healthy_library_is_ok_for_get_and_head(client: TestClient) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert response.json()["problems"] == []
    assert response.json()["papers"] == 24
    head = client.head("/healthz")
    assert (head.status_code, head.content) == (200, b"")


def test_fifty_clients_share_one_check_a_second(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[HealthReport] = []
    check = health_module.check

    def counted(one: Library) -> HealthReport:
        checks.append(check(one))
        return checks[-1]

    monkeypatch.setattr(health_module, "check", counted)
    monitor = HealthMonitor(library)

    async def ask() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(monitor.report)

    anyio.run(ask)
    assert len(checks) == 1


def test_the_check_answers_while_every_thread_of_the_pages_is_busy(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(Library, "newest", lambda *_: release.wait(10) and ([], None))
    with TestClient(create_app(library)) as client, ThreadPoolExecutor(60) as pool:
        pages = [pool.submit(client.get, "/api/v1/papers") for _ in range(60)]
        time.sleep(0.2)
        began = time.monotonic()
        assert client.get("/healthz").json()["status"] == "ok"
        took_s = time.monotonic() - began
        release.set()
        assert {page.result().status_code for page in pages} == {200}
    assert took_s < 2


def test_a_check_that_hangs_is_answered_with_the_last_report_or_503(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_module, "_WAIT_S", 0.05)
    monkeypatch.setattr(health_module, "_FRESH_S", 0.0)
    release = threading.Event()
    with TestClient(create_app(library)) as hanging:
        health = Library.health
        monkeypatch.setattr(Library, "health", lambda one: release.wait(10) and health(one))
        assert hanging.get("/healthz").status_code == 503
    release.set()
    monkeypatch.setattr(Library, "health", health)
    release = threading.Event()
    with TestClient(create_app(library)) as client:
        monkeypatch.setattr(health_module, "_WAIT_S", 10)
        assert client.get("/healthz").status_code == 200
        monkeypatch.setattr(health_module, "_WAIT_S", 0.05)
        monkeypatch.setattr(Library, "health", lambda one: release.wait(10) and health(one))
        assert client.get("/healthz").status_code == 200
    release.set()


def test_requests_for_a_check_that_hangs_keep_no_threads(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_module, "_WAIT_S", 0.02)
    release, monitor = threading.Event(), HealthMonitor(library)
    monkeypatch.setattr(Library, "health", lambda one: release.wait(10))

    async def threads_after(requests: int) -> int:
        for _ in range(requests):
            assert (await monitor.report()).status == "unavailable"
        try:
            return threading.active_count()
        finally:
            release.set()

    before = threading.active_count()
    assert anyio.run(threads_after, 30) <= before + 5


def test_overdue_mail_is_reported_and_the_pages_stay_up(library: Library) -> None:
    library.subscriptions.subscribe("ada@example.org")
    library._clock = lambda: NOW + timedelta(hours=3)
    client = TestClient(create_app(library))
    report = client.get("/healthz")
    assert report.status_code == 200
    assert report.json()["status"] == "degraded"
    assert report.json()["problems"] == ["mails that are due are not sent"]
    assert report.json()["oldest_due_at"] == NOW.isoformat()
    assert client.get("/healthz?strict=true").status_code == 503
    assert any("a mail is due since 3 hours ago" in one.text for one in library.diagnose())


@pytest.mark.parametrize(("hours", "late"), [(27, False), (29, True)])
def test_an_edition_that_is_late_is_reported(library: Library, hours: int, late: bool) -> None:
    now = NOW + timedelta(hours=hours)
    with Library(library.settings, clock=lambda: now) as later:
        assert later.health().late_edition == (now.date() if late else None)
        report = TestClient(create_app(later)).get("/healthz").json()
        assert report["problems"] == ["the edition of the day is late"] * late
        later.editions.publish()
        assert later.health().late_edition is None


def test_a_full_disk_is_reported_and_the_pages_stay_up(library: Library) -> None:
    client = TestClient(create_app(library))
    with _file_size_limit(1024):
        report = client.get("/healthz")
        page = client.get("/search?q=kites")
        vote = client.post("/papers/arxiv:2603.00001/vote", data={"on": "1"})
        findings = library.diagnose()
    assert (report.status_code, report.json()["status"]) == (200, "degraded")
    assert report.json()["problems"] == ["the library accepts no writes"]
    assert page.status_code == 200
    assert vote.status_code == 503
    assert any("File too large" in one.text for one in findings if not one.ok)


def test_a_disk_without_a_free_block_is_detected(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a file system can be mounted by root only")
    try:
        (folder / "filler").write_bytes(bytes(32 * 1024))
        assert "No space left on device" in str(folder_error(folder))
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        assert "Read-only file system" in str(folder_error(folder))
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_database_opened_read_only_is_reported_and_the_pages_stay_up(library: Library) -> None:
    path = library.settings.data / "library.sqlite3"
    settings = library.settings.model_copy(
        update={
            "database": load_settings(
                {"database": f"sqlite:///file:{path}?mode=ro&uri=true"}, {}
            ).database
        }
    )
    with Library(settings, clock=lambda: NOW) as read_only:
        client = TestClient(create_app(read_only))
        assert client.get("/").status_code == 200
        report = client.get("/healthz").json()
        assert (report["status"], report["problems"]) == (
            "degraded",
            ["the library accepts no writes"],
        )
        assert any("read-only: allow writes" in one.text for one in read_only.diagnose())


def test_a_body_that_is_overwritten_while_serving_is_a_clear_503(library: Library) -> None:
    path = library.settings.data / "library.sqlite3"
    with _reopened(library) as served:
        size = path.stat().st_size
        _overwrite(path, 8192, size - 8192)
        client = TestClient(create_app(served), raise_server_exceptions=False)
        pages = [client.get(page) for page in _PAGES]
        assert {page.status_code for page in pages} == {503}
        assert "The database of this site is damaged" in pages[0].text
        assert pages[0].headers["Retry-After"] == "60"
        report = client.get("/healthz")
        assert (report.status_code, report.json()["status"]) == (503, "unavailable")
    _assert_doctor_reports_damage(library)


def test_a_header_that_is_overwritten_is_reported_by_the_doctor(library: Library) -> None:
    library.close()
    _overwrite(library.settings.data / "library.sqlite3", 0, 100)
    _assert_doctor_reports_damage(library)


def test_damage_that_one_page_finds_makes_the_library_unavailable(library: Library) -> None:
    path = library.settings.data / "library.sqlite3"
    with _reopened(library) as served:
        with served._database.read() as connection:
            root = connection.exec_driver_sql(
                "SELECT rootpage FROM sqlite_master WHERE name = 'records'"
            ).scalar_one()
        _overwrite(path, (root - 1) * 4096, 4096)
    with Library(library.settings, clock=lambda: NOW) as served:
        served_app = create_app(served)
        client = TestClient(served_app)
        assert client.get("/healthz").status_code == 200
        assert client.get("/papers/arxiv:2603.00001").status_code == 503
        monitor: HealthMonitor = served_app.state.health
        monitor._checked_at = float("-inf")
        assert client.get("/healthz").status_code == 503
    _assert_doctor_reports_damage(library)


def test_a_vote_that_waits_for_another_process_is_refused_and_pages_are_served(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_wait, "WAIT_S", 0.1)
    with closing(sqlite3.connect(library.settings.data / "library.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        client = TestClient(create_app(library))
        vote = client.post("/papers/arxiv:2603.00001/vote", data={"on": "1"})
        assert (vote.status_code, vote.headers["Retry-After"]) == (503, "5")
        assert "try again in a few seconds" in vote.text
        assert client.get("/search?q=lanterns").status_code == 200
        assert client.get("/healthz").json()["status"] == "ok"


def _assert_doctor_reports_damage(library: Library) -> None:
    texts = [finding.text for finding in diagnose_installation(library.settings) if not finding.ok]
    assert any("damaged" in text and "restore a backup" in text for text in texts), texts
