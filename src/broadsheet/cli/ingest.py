"""Commands that add and merge papers: import, fetch, merges, unmerge."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from broadsheet.cli.app import (
    ERR,
    OUT,
    Data,
    Json,
    app,
    open_data,
    parse_day,
    print_json,
    update_index,
)
from broadsheet.cli.output import show_fetch, show_import
from broadsheet.cli.progress import bytes_bar, count_bar
from broadsheet.errors import BroadsheetError

if TYPE_CHECKING:
    from broadsheet.library import Library

_NO_SOURCES = (
    "nothing is fetched, because the setting 'sources' is none: name sources there, or in the "
    "command, as in 'broadsheet fetch arxiv'"
)


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, gzipped or not.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Import papers from files.

    The formats are pages saved as plain text, arXiv dumps (JSON lines), BibTeX, RIS and CSL-JSON.

    Example: broadsheet import papers.jsonl.gz references.bib
    """
    reports: dict[str, object] = {}
    failed = False
    with open_data(data, create=True) as library:
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
        update_index(library)
    if json:
        print_json(reports)
    if failed:
        raise typer.Exit(1)


@app.command()
def fetch(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Source names, arXiv ids or DOIs; default: the setting 'sources'.",
        ),
    ] = None,
    since: Annotated[
        date | None,
        typer.Option(metavar="YYYY-MM-DD", parser=parse_day, help="First day to fetch."),
    ] = None,
    until: Annotated[
        date | None,
        typer.Option(metavar="YYYY-MM-DD", parser=parse_day, help="Last day to fetch."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of records.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Fetch new papers and signals.

    The exit status is 1 if a source failed or a day is missing.

    Examples: broadsheet fetch; broadsheet fetch hf --since 2026-11-01; broadsheet fetch 2502.14802
    """
    from broadsheet.ingest.run import FetchOptions
    from broadsheet.rules.identity import parse_any_id

    options = FetchOptions(since, until, limit)
    reports = []
    with open_data(data, create=True) as library:
        with count_bar("fetching", None) as advance:
            for report in library.sources.fetch(sources or (), options, lambda _, n: advance(n)):
                reports.append(report)
                show_fetch(ERR, report)
        update_index(library)
        if not (sources or library.settings.source_names):
            ERR.print(_NO_SOURCES)
        # A lone paper is no reason for another edition.
        are_papers = sources and all(parse_any_id(spec) for spec in sources)
        if not are_papers and any(not report.error for report in reports):
            _replace_sample(library)
    if json:
        print_json([asdict(report) for report in reports])
    if any(report.error or report.gaps for report in reports):
        raise typer.Exit(1)


def _replace_sample(library: "Library") -> None:
    if replaced := library.editions.replace_sample():
        ERR.print(
            f"revision {replaced.revision} of the edition of {replaced.date} replaces the sample "
            "edition"
        )


@app.command()
def merges(
    limit: Annotated[
        int, typer.Option("-n", min=1, max=10_000, help="Maximum number of merges.")
    ] = 20,
    data: Data = None,
    json: Json = False,
) -> None:
    """List the merges of duplicate papers, newest first.

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
        OUT.print("no merges: no duplicate papers were found")


@app.command()
def unmerge(
    number: Annotated[
        int,
        typer.Argument(metavar="NUMBER", min=1, help="Number in the list of 'broadsheet merges'."),
    ],
    data: Data = None,
) -> None:
    """Undo a merge.

    The two papers are not merged again.

    Example: broadsheet unmerge 17
    """
    with open_data(data) as library:
        kept, gone = library.unmerge(number)
        update_index(library)
    OUT.print(f"{kept.id} and {gone.id} are separate papers")
