"""Commands that mail editions: send, subscribers."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from broadsheet.cli.app import (
    ERR,
    OUT,
    Data,
    Day,
    Json,
    app,
    date_of,
    open_data,
    print_json,
)
from broadsheet.cli.progress import count_bar


@app.command()
def send(
    data: Data = None,
    day: Day = None,
    retry_unknown: Annotated[
        bool,
        typer.Option(
            "--retry-unknown",
            help="Also send mails in state unknown; some readers may get them twice.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Mail the newest edition, or another day's, to subscribers who do not have it yet.

    Example: broadsheet send --date 2026-11-20
    """
    with open_data(data) as library:
        if retry_unknown:
            library.outbox.retry_unknown()
        with count_bar("sending", None) as advance:
            report = library.outbox.send(date_of(day), lambda: advance(1))
        where = "the mail server" if library.settings.smtp else str(library.settings.outbox)
    if json:
        print_json(asdict(report))
    else:
        OUT.print(
            f"{report.sent} sent to {escape(where)}, {report.retrying} retrying, "
            f"{report.failed} failed, {report.unknown} unknown"
        )
    if report.error:
        ERR.print(f"broadsheet: {escape(report.error)}", style="red")
        raise typer.Exit(1)


@app.command()
def subscribers(data: Data = None, json: Json = False) -> None:
    """List the subscribers and the state of each subscription.

    Example: broadsheet subscribers --json
    """
    with open_data(data) as library:
        listed = list(library.subscriptions.all())
    if json:
        print_json([asdict(subscription) for subscription in listed])
        return
    table = Table("address", "state", "since", box=None)
    for one in listed:
        since = one.unsubscribed_at or one.confirmed_at or one.created_at
        table.add_row(escape(one.email), one.state, since.date().isoformat())
    OUT.print(table if listed else "no subscribers yet: readers subscribe at /subscribe")
