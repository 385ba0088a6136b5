"""Commands by which papers and attention come in, and come together."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from broadsheet.cli.app import (
    ERR,
    OUT,
    Data,
    Debug,
    Json,
    app,
    day_of,
    level,
    open_data,
    print_json,
)
from broadsheet.cli.output import show_fetch, show_import
from broadsheet.cli.progress import bytes_bar, count_bar
from broadsheet.errors import BroadsheetError
from broadsheet.ingest.run import FetchOptions


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, gzipped or not.")],
    data: Data = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Bring in papers: saved pages, arXiv dumps (JSON lines), BibTeX, RIS, CSL-JSON.

    Example: broadsheet import papers.jsonl.gz references.bib
    """
    reports: dict[str, object] = {}
    failed = False
    with open_data(data) as library:
        for path in paths:
            try:
                with bytes_bar(f"reading {path.name}", path) as advance:
                    report = library.import_file(path, advance)
            except BroadsheetError as error:
                failed = True
                ERR.print(f"broadsheet: {escape(str(error))}", style="red")
                reports[str(path)] = {"error": str(error)}
                continue
            show_import(ERR, str(path), report)
            reports[str(path)] = asdict(report)
        level(library)
    if json:
        print_json(reports)
    if failed:
        raise typer.Exit(1)


@app.command()
def fetch(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE…", help="Names, or an arXiv id or DOI; else the settings'."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="First day wanted."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="Last day wanted."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many records.")] = None,
    data: Data = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Bring in new papers and attention; exits 1 where a source failed or a day is missing.

    Examples: broadsheet fetch; broadsheet fetch hf --since 2026-11-01; broadsheet fetch 2502.14802
    """
    wish = FetchOptions(day_of(since), day_of(until), limit)
    reports = []
    with open_data(data) as library:
        with count_bar("fetching", None) as advance:
            for report in library.sources.fetch(sources or (), wish, lambda _, n: advance(n)):
                reports.append(report)
                show_fetch(ERR, report)
        level(library)
    if json:
        print_json([asdict(report) for report in reports])
    if any(report.error or report.gaps for report in reports):
        raise typer.Exit(1)


@app.command()
def merges(
    limit: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many.")] = 20,
    data: Data = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the papers that were found to be one, newest first.

    Example: broadsheet merges -n 50
    """
    with open_data(data) as library:
        listed = library.merges(limit)
    if json:
        print_json([asdict(merge) for merge in listed])
        return
    for merge in listed:
        undone = ", undone" if merge.undone_at else ""
        OUT.print(f"{merge.number:6}  {merge.merged_at:%Y-%m-%d}{undone}  {escape(merge.winner)}")
        OUT.print(f"        and {escape(merge.merged)}")
    if not listed:
        OUT.print("no papers were merged")


@app.command()
def unmerge(
    number: Annotated[int, typer.Argument(min=1, help="As 'broadsheet merges' lists it.")],
    data: Data = None,
    debug: Debug = False,
) -> None:
    """Take a merge back: two papers again, each with its votes, kept apart from now on.

    Example: broadsheet unmerge 17
    """
    with open_data(data) as library:
        kept, gone = library.unmerge(number)
        level(library)
    OUT.print(f"{kept.id} and {gone.id} are two papers again")
