"""The application: its global options, its consoles, and how errors are printed."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from broadsheet.cli.progress import count_bar
from broadsheet.errors import BroadsheetError
from broadsheet.model import Period, Span

if TYPE_CHECKING:
    # The library takes longer to import than --help to print.
    from broadsheet.library import Library

_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_INTERRUPTED = 130
OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def _print_version(value: bool) -> None:
    if value:
        # 0.04 s to import.
        from importlib.metadata import version

        OUT.print(f"broadsheet {version('broadsheet')}")
        raise typer.Exit


class _Alphabetical(TyperGroup):
    """Commands in alphabetical order."""

    def list_commands(self, ctx: object) -> list[str]:
        return sorted(self.commands)


app = typer.Typer(
    name="broadsheet",
    cls=_Alphabetical,
    help="A morning newspaper of research papers that anyone can run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Data folder; default $BROADSHEET_DATA or the user's data folder.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def parse_day(text: str) -> date:
    """Parse the value of a date option."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise typer.BadParameter("must be a date, such as 2026-02-17") from None


Day = Annotated[
    date | None,
    typer.Option("--date", metavar="YYYY-MM-DD", parser=parse_day, help="Day of the edition."),
]
Week = Annotated[
    str | None, typer.Option("--week", metavar="YYYY-Www", help="ISO week, such as 2026-W08.")
]
Month = Annotated[
    str | None, typer.Option("--month", metavar="YYYY-MM", help="Month, such as 2026-02.")
]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 selects a free one.")]
Processes = Annotated[
    int | None,
    typer.Option(help="Processes that serve pages, 1 to 64; default the cores, at most 8."),
]


@dataclass(slots=True)
class _Options:
    """The global options of this process."""

    debug: bool = False


_options = _Options()


@app.callback()
def _set_options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    _options.debug = debug


def main() -> None:
    """Run the command line; exit 0 on success, 1 on failure, 2 on wrong usage."""
    # The files of a library hold addresses and secrets.
    os.umask(0o077)
    try:
        app()
    except BroadsheetError as error:
        _fail(str(error), error)
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(1) from None
    except OSError as error:
        _fail(_system_error(error), error)
    except Exception as error:
        _fail(
            f"internal error ({type(error).__name__}: {error}): run 'broadsheet --debug COMMAND' "
            "for the traceback",
            error,
        )


def _system_error(error: OSError) -> str:
    """Return a sentence about a file or a disk, for errors that no room has worded."""
    if error.errno == errno.ENOSPC:
        return "the disk is full: free some space"
    name = repr(str(error.filename)) if error.filename else "a file"
    return (
        f"cannot use {name} ({error.strerror or error}): check that it exists, its owner and mode"
    )


def _fail(sentence: str, error: Exception) -> None:
    if _options.debug:
        raise error
    ERR.print(f"broadsheet: {escape(sentence)}", style="red")
    raise SystemExit(1) from error


@contextmanager
def open_data(data: Path | None, *, create: bool = False) -> "Iterator[Library]":
    """Open the library of a data folder; only commands that add papers create one."""
    from broadsheet.config import load_settings
    from broadsheet.library import Access, Library

    settings = load_settings({"data": data})
    is_new = settings.library_file is not None and not settings.library_file.exists()
    with Library(settings, access=Access.CREATE if create else Access.EXISTING) as library:
        if is_new:
            ERR.print(f"created a library in {escape(str(settings.data))}")
        yield library


def update_index(library: "Library") -> None:
    """Update the search index, with a progress bar."""
    damaged = library.index.damaged_files
    if damaged:
        ERR.print(
            f"the index could not be read: its files were moved to {escape(str(damaged))} and "
            "the index is rebuilt"
        )
    if library.index.is_upgraded:
        ERR.print("the search index is rebuilt: its format is of an earlier version")
    if behind := library.behind():
        with count_bar("indexing", behind) as advance:
            library.update_index(build_for_s=0, on_papers=advance)


def period_of(day: date | None, week: str | None, month: str | None) -> Period | None:
    """Return the period of the options --date, --week and --month; None if none is set."""
    if sum(option is not None for option in (day, week, month)) > 1:
        raise typer.BadParameter("use only one of --date, --week and --month")
    if day is not None:
        return _in_range(Period(day))
    try:
        if week is not None:
            return _in_range(Period.parse(week, Span.WEEK))
        return _in_range(Period.parse(month, Span.MONTH)) if month is not None else None
    except ValueError:
        form = (
            "--week must be an ISO week, such as 2026-W08"
            if week is not None
            else "--month must be a month, such as 2026-02"
        )
        raise typer.BadParameter(form) from None


def _in_range(period: Period) -> Period:
    if not _FIRST_YEAR <= period.first.year <= _LAST_YEAR:
        raise typer.BadParameter(f"the year must be {_FIRST_YEAR} to {_LAST_YEAR}")
    return period


def print_json(document: object) -> None:
    """Print one JSON document."""
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()
