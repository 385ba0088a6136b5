"""The application: its options, its consoles, and what becomes of an error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from broadsheet.cli.progress import count_bar
from broadsheet.config import load_settings
from broadsheet.errors import BroadsheetError
from broadsheet.library import Library
from broadsheet.model import Period, Span

app = typer.Typer(
    name="broadsheet",
    help="A morning newspaper of research papers that anyone can run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Data folder; else $BROADSHEET_DATA, else the user's own data folder.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Day = Annotated[
    datetime | None,
    typer.Option("--date", metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="Day of the edition."),
]
Week = Annotated[
    str | None, typer.Option("--week", metavar="YYYY-Www", help="ISO week, such as 2026-W08.")
]
Month = Annotated[
    str | None, typer.Option("--month", metavar="YYYY-MM", help="Month, such as 2026-02.")
]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]


def main() -> None:
    """Run the command line; exits 0 done, 1 failed, 2 wrong usage."""
    try:
        app()
    except BroadsheetError as error:
        _fail(str(error), error)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(1) from None
    except Exception as error:
        _fail(f"this should not have happened ({type(error).__name__}: {error})", error)


def _fail(sentence: str, error: Exception) -> None:
    if "--debug" in sys.argv:
        raise error
    hint = "" if isinstance(error, BroadsheetError) else "; --debug shows where"
    ERR.print(f"broadsheet: {escape(sentence)}{hint}", style="red")
    raise SystemExit(1) from error


@contextmanager
def open_data(data: Path | None) -> Iterator[Library]:
    """Open the library of a data folder."""
    with Library(load_settings({"data": data})) as library:
        yield library


def level(library: Library) -> None:
    """Bring the index level with the library, with a bar."""
    aside = library.index.set_aside
    if aside:
        ERR.print(f"the index could not be read; it lies in {escape(str(aside))} and is rebuilt")
    if behind := library.behind():
        with count_bar("indexing", behind) as advance:
            library.update_index(build_for_s=0, on_papers=advance)


def day_of(day: datetime | None) -> date | None:
    """Let go of the time that a date option carries."""
    return day.date() if day else None


def period_of(day: datetime | None, week: str | None, month: str | None) -> Period | None:
    """Read which edition is meant; None where nothing was said."""
    if sum(told is not None for told in (day, week, month)) > 1:
        raise typer.BadParameter("give one of --date, --week and --month")
    if day is not None:
        return _sane(Period(day.date()))
    try:
        if week is not None:
            return _sane(Period.parse(week, Span.WEEK))
        return _sane(Period.parse(month, Span.MONTH)) if month is not None else None
    except ValueError:
        wrong, form = ("--week", "2026-W08") if week is not None else ("--month", "2026-02")
        raise typer.BadParameter(f"{wrong} is written like {form}") from None


def _sane(period: Period) -> Period:
    if not _FIRST_YEAR <= period.first.year <= _LAST_YEAR:
        raise typer.BadParameter(f"editions are of the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return period


def print_json(document: object) -> None:
    """Print one JSON document."""
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()
