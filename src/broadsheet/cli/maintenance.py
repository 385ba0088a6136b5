"""Commands that maintain a library: index, rerank, doctor, token."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from broadsheet.cli.app import ERR, OUT, Data, Json, app, open_data, print_json, update_index
from broadsheet.cli.output import show_findings
from broadsheet.cli.progress import count_bar
from broadsheet.errors import SettingsError


@app.command()
def index(
    data: Data = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build a new index.")] = False,
) -> None:
    """Update the search index from the library.

    Example: broadsheet index --rebuild
    """
    with open_data(data) as library:
        update_index(library)
        if rebuild or library.index.rebuild_pending:
            with count_bar("building", library.health().papers) as advance:
                library.update_index(rebuild=rebuild, on_papers=advance)
        OUT.print(f"{library.health().papers} papers indexed")


@app.command()
def rerank(
    data: Data = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of papers.")] = None,
) -> None:
    """Compute the vectors for reranking the top results.

    A running server computes them in the background. This command may be stopped at any time; the
    next run computes the remaining vectors.

    Example: broadsheet rerank --limit 10000
    """
    with open_data(data) as library:
        library.reranker.require()
        todo = library.reranker.count_missing()
        with count_bar("computing vectors", min(todo, limit or todo)) as advance:
            done = library.reranker.compute_missing(limit, advance)
        OUT.print(f"computed {done} vectors, {library.reranker.count_missing()} missing")


@app.command()
def doctor(data: Data = None, json: Json = False) -> None:
    """Check this installation and print how to fix each problem.

    It connects to the mail server, and creates and changes nothing. The exit status is 1 after an
    error, 0 after warnings.

    Example: broadsheet doctor
    """
    from broadsheet.config import load_settings
    from broadsheet.library import Finding, Level, diagnose_installation

    try:
        findings = diagnose_installation(load_settings({"data": data}))
    except SettingsError as error:
        findings = [Finding(Level.ERROR, "settings", text) for text in error.problems]
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        show_findings(OUT, findings)
    if any(finding.level is Level.ERROR for finding in findings):
        raise typer.Exit(1)


@app.command()
def token(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Holder or purpose of the token.")
    ] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke the token.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the tokens.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Create, list or revoke read tokens for the API.

    A new token is printed once; the library stores only its hash.

    Examples: broadsheet token ada; broadsheet token --list; broadsheet token ada --revoke
    """
    if (name is None) is not list_ or (list_ and revoke):
        raise typer.BadParameter("use either NAME or --list")
    with open_data(data) as library:
        if name is None:
            tokens = library.tokens.all()
            if json:
                print_json([asdict(one) for one in tokens])
            else:
                lines = [f"{one.created_at:%Y-%m-%d}  {escape(one.name)}" for one in tokens]
                OUT.print(
                    "\n".join(lines) or "no tokens: run 'broadsheet token NAME' to create one"
                )
        elif revoke:
            library.tokens.revoke(name)
            ERR.print(f"{escape(name)} is revoked")
        else:
            secret = library.tokens.create(name)
            ERR.print("this token is printed only once; send it as 'Authorization: Bearer TOKEN':")
            OUT.print(secret)
