"""Commands that mail editions: send, subscribers."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from broadsheet.cli.app import (
    ERR,
    OUT,
    Data,
    Day,
    Json,
    app,
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
            help="Also send mails in state unknown; some subscribers may receive them twice.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Mail the edition to subscribers who do not have it yet.

    Without --date, this is the newest edition of a day.

    Example: broadsheet send --date 2026-11-20
    """
    with open_data(data) as library:
        if retry_unknown:
            library.outbox.retry_unknown()
        with count_bar("sending", None) as advance:
            report = library.outbox.send(day, lambda: advance(1))
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
    from rich.table import Table

    table = Table("address", "state", "since", box=None)
    for subscription in listed:
        since = subscription.unsubscribed_at or subscription.confirmed_at or subscription.created_at
        table.add_row(escape(subscription.email), subscription.state, since.date().isoformat())
    OUT.print(table if listed else "no subscribers yet: readers subscribe at /subscribe")
