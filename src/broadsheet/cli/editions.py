"""Commands of the editor: what is rising, and the word on it."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from broadsheet.cli.app import (
    OUT,
    Data,
    Day,
    Debug,
    Json,
    Month,
    Week,
    app,
    open_data,
    period_of,
    print_json,
)
from broadsheet.cli.output import show_trends
from broadsheet.library import Library
from broadsheet.model import Period, Pick
from broadsheet.rules.identity import parse_any_id

_COMMENT_CHARS = 500

Paper = Annotated[str, typer.Argument(metavar="PAPER", help="An arXiv id, DOI or address.")]


@app.command()
def trending(
    n: Annotated[int, typer.Option("-n", min=1, max=500, help="How many papers.")] = 20,
    category: Annotated[str | None, typer.Option(help="Only this one, such as cs.CL.")] = None,
    data: Data = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the papers that rise, and why.

    Example: broadsheet trending -n 10 --category cs.CL
    """
    with open_data(data) as library:
        library.trending.update()
        found = library.trending.list(n, category=category).trends
    if json:
        print_json(
            [
                {
                    "rank": one.rank,
                    "id": one.paper.id,
                    "title": one.paper.title,
                    "score": round(one.score, 6),
                    "reason": one.reason,
                }
                for one in found
            ]
        )
    else:
        show_trends(OUT, found)


@app.command()
def pin(
    paper: Paper,
    place: Annotated[int, typer.Option(min=1, max=200, help="Where it stands.")] = 1,
    comment: Annotated[str | None, typer.Option(help="A line of yours to print under it.")] = None,
    data: Data = None,
    day: Day = None,
    week: Week = None,
    month: Month = None,
    debug: Debug = False,
) -> None:
    """Put a paper at a place of an edition, today's by default.

    Example: broadsheet pin 2502.14802 --place 1 --comment "Read this first."
    """
    if comment is not None and not 0 < len(comment.strip()) <= _COMMENT_CHARS:
        raise typer.BadParameter(f"--comment takes 1 to {_COMMENT_CHARS} characters")
    _keep(data, paper, place, comment.strip() if comment else None, period_of(day, week, month))


@app.command()
def drop(
    paper: Paper,
    data: Data = None,
    day: Day = None,
    week: Week = None,
    month: Month = None,
    debug: Debug = False,
) -> None:
    """Leave a paper out of an edition, today's by default.

    Example: broadsheet drop 2502.14802 --week 2026-W08
    """
    _keep(data, paper, None, None, period_of(day, week, month))


@app.command()
def picks(
    data: Data = None,
    day: Day = None,
    week: Week = None,
    month: Month = None,
    forget: Annotated[
        str | None, typer.Option(metavar="PAPER", help="Take your word on a paper back.")
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List what you pinned to an edition and dropped from it.

    Example: broadsheet picks --forget 2502.14802
    """
    with open_data(data) as library:
        period = period_of(day, week, month) or Period(library.today)
        if forget is not None:
            library.editions.unpick(period, _meant(library, forget))
        listed = library.editions.picks(period)
        titles = {one.paper_id: library.paper(one.paper_id).title for one in listed}
    if json:
        print_json([asdict(one) | {"title": titles[one.paper_id]} for one in listed])
        return
    if not listed:
        OUT.print(f"no picks for {period}: 'broadsheet pin' and 'broadsheet drop' make them")
    for one in listed:
        place = f"{one.place:3}" if one.place else "out"
        said = f"  [dim]{escape(one.comment)}[/dim]" if one.comment else ""
        OUT.print(f"{place}  {escape(titles[one.paper_id])}{said}")


def _keep(
    data: Data, paper: str, place: int | None, comment: str | None, period: Period | None
) -> None:
    with open_data(data) as library:
        wanted = period or Period(library.today)
        found = library.paper(_meant(library, paper))
        library.editions.pick(wanted, Pick(found.id, place, comment))
        said = f"stands at place {place} of" if place else "is left out of"
        OUT.print(f"{escape(found.title)} {said} the edition of {wanted}")
        if library.editions.exists(wanted):
            OUT.print("that was printed before: 'broadsheet publish' prints it again")


def _meant(library: Library, text: str) -> str:
    return text if library.has_paper(text) else parse_any_id(text) or text
