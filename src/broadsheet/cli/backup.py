"""Commands that write and restore backups: backup, restore."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from broadsheet.cli.app import ERR, OUT, Data, Json, app, open_data, print_json
from broadsheet.cli.progress import rows_bar

if TYPE_CHECKING:
    from broadsheet.library.backups import Backup

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup, such as news.zip.")]


@app.command()
def backup(
    file: File,
    data: Data = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace FILE if it exists.")] = False,
    json: Json = False,
) -> None:
    """Write every row of the library to one file, also while a server runs.

    The file holds email addresses and the signing secret, and only its owner can read it.
    broadsheet.toml, the index and the outbox folder are not in it.

    Example: broadsheet backup news.zip
    """
    from broadsheet.library.backups import back_up

    with open_data(data) as library, rows_bar("backing up") as on_rows:
        made = back_up(library, file, replace=replace, on_rows=on_rows)
    _show(made, f"backed up to {file}", json=json)


@app.command()
def restore(
    file: File,
    data: Data = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a library that is not empty.")
    ] = False,
    json: Json = False,
) -> None:
    """Restore a backup into an empty library; stop its server first.

    The next start builds the index. Mails that were due are held, because they may have been sent
    since: 'broadsheet send --retry-unknown' sends them.

    Example: broadsheet restore news.zip --data /srv/news
    """
    from broadsheet.config import load_settings
    from broadsheet.library.backups import restore as restore_backup

    settings = load_settings({"data": data})
    with rows_bar("restoring") as on_rows:
        made = restore_backup(settings, file, replace=replace, on_rows=on_rows)
    _show(made, f"restored {file} of {made.made_at[:16].replace('T', ' ')} UTC", json=json)
    if made.held_mails:
        ERR.print(
            f"{made.held_mails} mails were due and may have been sent since: "
            "'broadsheet send --retry-unknown' sends them"
        )


def _show(made: "Backup", done: str, *, json: bool) -> None:
    if json:
        print_json(asdict(made))
        return
    OUT.print(
        f"{escape(done)}: {made.rows['papers']:,} papers, {sum(made.rows.values()):,} rows, "
        f"{made.size / 1e6:,.1f} MB"
    )
