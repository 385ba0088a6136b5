"""Progress bars on standard error, for a person at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

Advance = Callable[[int], None]


@contextmanager
def bytes_bar(task: str, path: Path) -> Iterator[Advance]:
    """Show how much of a file has been read."""
    size = path.stat().st_size if path.is_file() else None
    with _bar(task, size, DownloadColumn()) as advance:
        yield advance


@contextmanager
def count_bar(task: str, total: int | None) -> Iterator[Advance]:
    """Show how many of `total` things are done; None where the total is not known."""
    with _bar(task, total, MofNCompleteColumn()) as advance:
        yield advance


@contextmanager
def _bar(task: str, total: int | None, amount: ProgressColumn) -> Iterator[Advance]:
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        number = progress.add_task(task, total=total)
        yield lambda done: progress.advance(number, done)
