"""Commands that serve the pages: up, serve."""

import os
import sys
from typing import TYPE_CHECKING

from rich.markup import escape

from broadsheet.cli.app import ERR, OUT, Data, Host, Port, Processes, app, update_index
from broadsheet.cli.output import show_import

if TYPE_CHECKING:
    from broadsheet.config import Settings


@app.command()
def up(
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    processes: Processes = None,
) -> None:
    """Set up the library, publish today's edition and serve it.

    An empty library is filled with the starter library of 620 papers.

    Example: broadsheet up
    """
    from broadsheet.config import load_settings
    from broadsheet.library import Library
    from broadsheet.serve.server import page_processes

    settings = load_settings({"data": data, "processes": processes})
    with Library(settings) as library:
        is_new = not library.health().papers
        if is_new:
            ERR.print(f"created a library in {escape(str(settings.data))}")
            show_import(ERR, "starter library", library.import_starter())
        update_index(library)
        # If papers are fetched, the publish job waits for them.
        at_once = is_new or not settings.source_names
        if at_once and not library.editions.exists(library.today):
            edition = library.editions.publish()
            name = "a sample edition" if edition.is_sample else "the edition"
            until = ", until papers are fetched" if settings.source_names else ""
            ERR.print(
                f"published {name} of {edition.date} with {len(edition.items)} papers"
                f"{until if edition.is_sample else ''}"
            )
    if page_processes(settings) == 1:
        _serve(settings, host, port)
        return
    # This process keeps 190 MB of what it has loaded, and the supervisor needs none of it.
    command = ["-m", "broadsheet", "serve", "--host", host, "--port", str(port)]
    command += ["--data", str(data)] if data is not None else []
    command += ["--processes", str(processes)] if processes is not None else []
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606  # nosec B606 # our own command


@app.command()
def serve(
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    processes: Processes = None,
) -> None:
    """Serve the library, and fetch, publish and mail each day.

    Unlike 'broadsheet up', this command does not load the starter library.

    Example: broadsheet serve --port 8080
    """
    from broadsheet.config import load_settings

    _serve(load_settings({"data": data, "processes": processes}), host, port)


def _serve(settings: "Settings", host: str, port: int) -> None:
    from broadsheet.serve.server import serve_pages

    serve_pages(settings, host, port, lambda address: OUT.print(f"Broadsheet is open at {address}"))
