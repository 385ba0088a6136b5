"""Disks that are full or read-only, and a database file that others overwrite."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fault_rows.site import (
    Outcome,
    Row,
    Server,
    SkippedError,
    copy_library,
    counts,
    is_sound,
    run,
    serve,
)

_DISK_MB = 96


@contextmanager
def _disk(data: Path) -> Iterator[Path]:
    """Mount a small disk in memory and copy the library to it."""
    if os.geteuid() != 0:
        raise SkippedError("mounting a disk needs root")
    disk = data.with_name(f"{data.name}-disk")
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        raise SkippedError("mounting a disk is not allowed here")
    try:
        yield copy_library(data, disk / "data")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def _subscribe(server: Server, name: str) -> int:
    return server.request("POST", "/subscribe", f"email={name}%40example.org")[0]


def _full_disk(original: Path) -> Outcome:
    outcome = Outcome()
    with _disk(original) as data, serve(data) as server:
        before = counts(data)
        filler = data.parent / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass
        accepted = [_subscribe(server, f"full{number}") for number in range(3)]
        health = server.request("GET", "/healthz")[0]
        outcome.meanwhile = (
            f"{server.statuses()}; subscribing {accepted}; /healthz {health}; doctor: "
            f"{_problem(data)}"
        )
        outcome.check(server.status("/") == 200, "the front page is not served")
        outcome.check(server.status("/search?q=attention") == 200, "search is not served")
        accepted_count = sum(status < 400 for status in accepted)
        filler.unlink()
        again_s = server.wait_for(lambda: _subscribe(server, "after") < 400)
        outcome.check(again_s is not None, "nothing can be stored after space was freed")
        expected = before["subscriptions"] + accepted_count + 1
        after = counts(data)
        outcome.compare(
            {"papers": before["papers"], "subscriptions": expected},
            {"papers": after["papers"], "subscriptions": after["subscriptions"]},
        )
        outcome.check(is_sound(data), "the database is damaged")
        outcome.check(server.is_alive, "the server ended")
    return outcome


def _problem(data: Path) -> str:
    """Return the first lines of `doctor` that are not about sources."""
    found = run(data, "doctor")
    words = ("disk", "space", "read-only", "written", "damaged", "database", "cannot")
    lines = [
        line.strip() for line in (found.stdout + found.stderr).splitlines() if _has(line, words)
    ]
    return lines[0][:120] if lines else "no problem"


def _has(line: str, words: tuple[str, ...]) -> bool:
    return any(word in line for word in words)


def _read_only(original: Path) -> Outcome:
    outcome = Outcome()
    with _disk(original) as data:
        before = counts(data)
        _remount(data, "ro")
        try:
            with serve(data) as server:
                status = _subscribe(server, "read-only")
                outcome.meanwhile = f"{server.statuses()}; subscribing {status}"
                outcome.check(status >= 400, "a subscription was accepted")
        except RuntimeError as error:
            outcome.meanwhile = f"the server does not start: {str(error)[-150:].strip()}"
            outcome.check("Traceback" not in str(error), f"a traceback: {str(error)[:1_500]}")
        outcome.meanwhile += f"; doctor: {_problem(data)}"
        _remount(data, "rw")
        with serve(data) as server:
            outcome.check(server.status("/") == 200, "it does not serve when it can be written")
            outcome.check(_subscribe(server, "after") < 400, "nothing can be stored afterwards")
        after = counts(data)
        expected = {"papers": before["papers"], "subscriptions": before["subscriptions"] + 1}
        outcome.compare(expected, {name: after[name] for name in expected})
        outcome.check(is_sound(data), "the database is damaged")
    return outcome


@contextmanager
def _block_device(data: Path) -> Iterator[tuple[Path, str]]:
    """Mount a small file system of blocks and copy the library to it; yield it and its device."""
    tools = ("mkfs.ext4", "losetup", "e2fsck")
    if os.geteuid() != 0 or not all(map(shutil.which, tools)):
        raise SkippedError("needs root and ext4")
    image, disk = data.with_name("image"), data.with_name("block-disk")
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(_DISK_MB << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    found = subprocess.run(
        ["losetup", "--find", "--show", str(image)], check=False, capture_output=True, text=True
    )
    if found.returncode:
        raise SkippedError("loop devices are not allowed here")
    device = found.stdout.strip()
    try:
        _mount(device, disk)
        library = copy_library(data, disk / "data")
        subprocess.run(["sync", "-f", str(disk)], check=True)
        yield library, device
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)
        subprocess.run(["losetup", "-d", device], check=False)


def _mount(device: str, disk: Path) -> None:
    subprocess.run(["mount", "-o", "errors=remount-ro", device, str(disk)], check=True)


def _read_only_serving(original: Path) -> Outcome:
    """Report an error of the file system to the kernel, which makes it read-only at once."""
    outcome = Outcome()
    with _block_device(original) as (data, device):
        before, name = counts(data), Path(device).name
        with serve(data) as server:
            first = _subscribe(server, "before")
            Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("1")
            statuses = [_subscribe(server, f"during{number}") for number in range(3)]
            outcome.meanwhile = (
                f"{server.statuses()}; subscribing {statuses}; doctor: {_problem(data)}"
            )
            outcome.check(server.status("/") == 200, "the front page is not served")
            outcome.check(server.status("/search?q=attention") == 200, "search is not served")
            outcome.check(set(statuses) == {503}, f"subscribing {statuses}")
            outcome.check(b"no writes" in server.request("GET", "/healthz")[1], "/healthz is quiet")
            outcome.check(server.is_alive, "the server ended")
        subprocess.run(["umount", str(data.parent)], check=True)
        subprocess.run(["e2fsck", "-fy", device], check=False, capture_output=True)
        _mount(device, data.parent)
        with serve(data) as server:
            outcome.check(server.status("/") == 200, "it does not serve when it can be written")
            outcome.check(_subscribe(server, "after") < 400, "nothing can be stored afterwards")
        outcome.check(first < 400, "the first subscription failed")
        expected = {"papers": before["papers"], "subscriptions": before["subscriptions"] + 2}
        after = counts(data)
        outcome.compare(expected, {name: after[name] for name in expected})
        outcome.check(is_sound(data), "the database is damaged")
    return outcome


def _remount(data: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(data.parent)], check=True)


def _overwritten(start: float, size: int) -> Row:
    def row(data: Path) -> Outcome:
        outcome = Outcome()
        database = data / "library.sqlite3"
        before = counts(data)
        backup = copy_library(data, data.with_name(f"{data.name}-backup"))
        with serve(data) as server:
            with database.open("r+b") as file:
                file.seek(int(database.stat().st_size * start))
                file.write(os.urandom(size))
            outcome.meanwhile = f"{server.statuses()}; doctor: {_problem(data)}"
            statuses = {server.status(path) for path in ("/", "/trending", "/search?q=kites")}
            outcome.check(server.is_alive, "the server ended")
            outcome.check(statuses <= {200, 503}, f"a page is answered with {statuses}")
        for path in data.glob("library.sqlite3*"):
            path.unlink()
        shutil.copy(backup / "library.sqlite3", database)
        with serve(data) as server:
            outcome.check(server.status("/") == 200, "a restored database does not serve")
        outcome.compare(before, {name: counts(data)[name] for name in before})
        return outcome

    return row


ROWS: dict[str, tuple[str, Row]] = {
    "full-disk": ("the disk is full while serving", _full_disk),
    "read-only": ("the disk is read-only", _read_only),
    "read-only-serving": ("the disk becomes read-only while serving", _read_only_serving),
    "database-header": (
        "the first 100 bytes of the database are overwritten while serving",
        _overwritten(0.0, 100),
    ),
    "database-body": (
        "half of the database is overwritten while serving",
        _overwritten(0.3, 1 << 20),
    ),
}
