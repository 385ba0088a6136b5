"""Commands that keep a library in order."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from broadsheet.cli.app import ERR, OUT, Data, Debug, Json, app, level, open_data, print_json
from broadsheet.cli.progress import count_bar
from broadsheet.errors import ConfigError


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
        if library.reranker.refiner is None:
            raise ConfigError(
                "reranking requires onnxruntime: run: pip install 'broadsheet[rerank]'"
            )
        todo = library.reranker.unfilled()
        with count_bar("refining", min(todo, limit or todo)) as advance:
            done = library.reranker.fill(limit, advance)
        OUT.print(f"{done} papers refined, {library.reranker.unfilled()} to go")


@app.command()
def doctor(data: Data = None, json: Json = False, debug: Debug = False) -> None:
    """Look for what is wrong, and say what to do about it.

    Example: broadsheet doctor
    """
    with open_data(data) as library:
        findings = library.diagnose()
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]ok[/green]  " if finding.ok else "[red]look[/red]"
            OUT.print(f"{mark}  {escape(finding.text)}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def token(
    name: Annotated[str | None, typer.Argument(help="Whose it is, or what it is for.")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the token back.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Name the tokens there are.")] = False,
    data: Data = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make a read token for the API, and print it this once; or take one back.

    Examples: broadsheet token ada; broadsheet token --list; broadsheet token ada --revoke
    """
    if (name is None) is not list_ or (list_ and revoke):
        raise typer.BadParameter("give the NAME of one token, or --list")
    with open_data(data) as library:
        if name is None:
            made = library.tokens.every()
            if json:
                print_json([asdict(one) for one in made])
            else:
                OUT.print("\n".join(f"{one.created_at:%Y-%m-%d}  {one.name}" for one in made))
        elif revoke:
            library.tokens.revoke(name)
            ERR.print(f"{escape(name)} is revoked")
        else:
            secret = library.tokens.make(name)
            ERR.print("shown this once; send it as 'Authorization: Bearer TOKEN':")
            OUT.print(secret)
