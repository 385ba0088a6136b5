"""Progress bars on standard error, shown at a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

Advance = Callable[[int], None]


@contextmanager
def bytes_bar(task: str, path: Path) -> Iterator[Advance]:
    """Show how many bytes of a file are read."""
    from rich.progress import DownloadColumn

    size = path.stat().st_size if path.is_file() else None
    with _bar(task, size, DownloadColumn()) as advance:
        yield advance


@contextmanager
def count_bar(task: str, total: int | None) -> Iterator[Advance]:
    """Show how many of `total` items are done; None if the total is unknown."""
    from rich.progress import MofNCompleteColumn

    with _bar(task, total, MofNCompleteColumn()) as advance:
        yield advance


@contextmanager
def rows_bar(task: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many rows are done; the total is reported with each step."""
    from rich.progress import MofNCompleteColumn

    with _bars(task, None, MofNCompleteColumn()) as (progress, number):
        yield lambda done, total: progress.update(number, advance=done, total=total)


@contextmanager
def _bar(task: str, total: int | None, amount: "ProgressColumn") -> Iterator[Advance]:
    with _bars(task, total, amount) as (progress, number):
        yield lambda done: progress.advance(number, done)


@contextmanager
def _bars(
    task: str, total: int | None, amount: "ProgressColumn"
) -> "Iterator[tuple[Progress, TaskID]]":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        yield progress, progress.add_task(task, total=total)
