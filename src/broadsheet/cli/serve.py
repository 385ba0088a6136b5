"""Commands that open the newspaper."""

from rich.markup import escape

from broadsheet.cli.app import ERR, OUT, Data, Debug, Host, Port, app, level
from broadsheet.cli.output import show_import
from broadsheet.config import Settings, load_settings
from broadsheet.library import Library


@app.command()
def up(
    data: Data = None, host: Host = "127.0.0.1", port: Port = 8000, debug: Debug = False
) -> None:
    """Open today's newspaper: load the starter library if empty, index, publish, serve.

    Example: broadsheet up
    """
    settings = load_settings({"data": data})
    with Library(settings) as library:
        is_new = not library.health().papers
        if is_new:
            ERR.print(f"a new library in {escape(str(settings.data))}")
            show_import(ERR, "starter library", library.import_starter())
        level(library)
        # Where papers are fetched, the clock prints the edition when they have come.
        at_once = is_new or not settings.source_names
        if at_once and not library.editions.exists(library.today):
            edition = library.editions.publish()
            ERR.print(f"published the edition of {edition.date} with {len(edition.items)} papers")
    _serve(settings, host, port)


@app.command()
def serve(
    data: Data = None, host: Host = "127.0.0.1", port: Port = 8000, debug: Debug = False
) -> None:
    """Serve the pages, and publish and mail each day, without loading or publishing first.

    Example: broadsheet serve --port 8080
    """
    _serve(load_settings({"data": data}), host, port)


def _serve(settings: Settings, host: str, port: int) -> None:
    # Imported here because the web framework takes longer to load than most commands to run.
    from broadsheet.serve.server import serve_pages

    serve_pages(settings, host, port, lambda address: OUT.print(f"Broadsheet is open at {address}"))
