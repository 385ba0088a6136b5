"""Commands that make an edition and mail it."""

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
    Debug,
    Json,
    Month,
    Week,
    app,
    day_of,
    open_data,
    period_of,
    print_json,
)
from broadsheet.cli.output import show_edition
from broadsheet.cli.progress import count_bar


@app.command()
def publish(
    data: Data = None,
    day: Day = None,
    week: Week = None,
    month: Month = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Freeze the edition of today, of another day, of a week or a month; a day's is mailed.

    Example: broadsheet publish --week 2026-W08
    """
    with open_data(data) as library:
        edition = library.editions.publish(period_of(day, week, month))
    if json:
        print_json({"date": edition.date, "name": str(edition.period), **asdict(edition)})
    else:
        show_edition(OUT, edition)


@app.command()
def send(
    data: Data = None,
    day: Day = None,
    retry_unknown: Annotated[
        bool,
        typer.Option(
            "--retry-unknown",
            help="Send again what may or may not have been sent before a crash.",
        ),
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Mail the newest edition, or another day's, to all who have not had it; repeat at will.

    Example: broadsheet send --date 2026-11-20
    """
    with open_data(data) as library:
        if retry_unknown:
            library.outbox.retry_unknown()
        with count_bar("sending", None) as advance:
            report = library.outbox.send(day_of(day), lambda: advance(1))
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
def subscribers(data: Data = None, json: Json = False, debug: Debug = False) -> None:
    """List who subscribed, and whether they confirmed.

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
    OUT.print(table if listed else "no subscribers yet: readers subscribe on the page")
