"""The command that prints the settings: config show."""

import re
from datetime import time

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
        if name == "base_url" and name not in origins:
            # The default is the address of a server that runs, or was last started.
            shown = None
        if isinstance(shown, str):
            # The address of a mirror may contain a password.
            shown = re.sub(r"(?<=://)[^/]*@", f"{HIDDEN}@", shown)
        rows.append((name, shown, origins[name].place if name in origins else "default"))
    if json:
        print_json(
            {name: {"value": _written(shown), "origin": place} for name, shown, place in rows}
        )
        return
    from rich.table import Table

    table = Table("setting", "value", "origin", box=None)
    for name, shown, place in rows:
        table.add_row(name, escape(_written(shown) or ""), escape(place))
    OUT.print(table)
    for name in unknown_variables():
        ERR.print(f"variable {escape(name)} names no setting and is ignored", style="yellow")


def _written(value: object) -> str | None:
    """Return a value as a settings file has it; None if there is none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, time):
        return value.isoformat("minutes")
    return None if value is None else str(value)
