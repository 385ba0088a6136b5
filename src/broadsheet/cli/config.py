"""The command that prints the settings: config show."""

import re

import typer
from rich.markup import escape

from broadsheet.cli.app import ERR, OUT, Data, Json, app, print_json
from broadsheet.errors import NoLibraryError

config = typer.Typer(help="Settings of this library.", no_args_is_help=True)
app.add_typer(config, name="config")


@config.command()
def show(data: Data = None, json: Json = False) -> None:
    """Print every setting, its value and where it was set.

    Secrets are hidden. The library itself is not opened and may not exist yet.

    Example: broadsheet config show --json
    """
    from broadsheet.config import HIDDEN, is_secret, resolve_settings, unknown_variables

    settings, origins = resolve_settings({"data": data})
    file = settings.library_file
    if file is not None and not file.exists():
        ERR.print(escape(str(NoLibraryError(str(settings.data)))), style="yellow")
    rows = []
    for name, value in settings:
        shown = HIDDEN if value is not None and is_secret(name) else value
        if isinstance(shown, str):
            # The address of a mirror may contain a password.
            shown = re.sub(r"(?<=://)[^/]*@", f"{HIDDEN}@", shown)
        rows.append((name, shown, origins[name].place if name in origins else "default"))
    if json:
        print_json(
            {
                name: {"value": None if shown is None else str(shown), "origin": place}
                for name, shown, place in rows
            }
        )
        return
    from rich.table import Table

    table = Table("setting", "value", "origin", box=None)
    for name, shown, place in rows:
        text = "" if shown is None else escape(str(shown))
        table.add_row(name, text, "" if place == "default" else escape(place))
    OUT.print(table)
    for name in unknown_variables():
        ERR.print(f"variable {escape(name)} names no setting and is ignored", style="yellow")
