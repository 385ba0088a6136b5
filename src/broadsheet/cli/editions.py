"""Commands that rank, publish and edit: trending, publish, pin, drop, picks."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from broadsheet.cli.app import (
    OUT,
    Data,
    Day,
    Json,
    Month,
    Week,
    app,
    open_data,
    period_of,
    print_json,
)
from broadsheet.cli.output import show_edition, show_trends, title_text
from broadsheet.model import Period, Pick

if TYPE_CHECKING:
    from broadsheet.library import Library

_COMMENT_CHARS = 500

Paper = Annotated[str, typer.Argument(metavar="PAPER", help="An arXiv id, DOI or address.")]


@app.command()
def trending(
    n: Annotated[int, typer.Option("-n", min=1, max=500, help="Maximum number of papers.")] = 20,
    category: Annotated[str | None, typer.Option(help="Only this category, such as cs.CL.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """List the trending papers, each with the reason for its rank.

    Example: broadsheet trending -n 10 --category cs.CL
    """
    with open_data(data) as library:
        library.trending.update()
        found = library.trending_or_edition(n, category=category)
    if json:
        print_json(
            [
                {
                    "rank": one.rank,
                    "id": one.paper.id,
                    "title": one.paper.title,
                    "score": round(one.score, 6),
                    "reason": one.reason,
                    "edition": str(found.edition.period) if found.edition else None,
                }
                for one in found.trends
            ]
        )
    else:
        show_trends(OUT, found, category)


@app.command()
def publish(
    data: Data = None,
    day: Day = None,
    week: Week = None,
    month: Month = None,
    json: Json = False,
) -> None:
    """Publish the edition of today, another day, a week or a month.

    An edition of today or yesterday is also mailed to the subscribers.

    Example: broadsheet publish --week 2026-W08
    """
    period = period_of(day, week, month)
    with open_data(data) as library:
        edition = library.editions.publish(period)
    if json:
        names = {"date": edition.date, "name": str(edition.period), "sample": edition.is_sample}
        print_json(names | asdict(edition))
    else:
        show_edition(OUT, edition)


@app.command()
def pin(
    paper: Paper,
    place: Annotated[int, typer.Option(min=1, max=200, help="Rank in the edition.")] = 1,
    comment: Annotated[str | None, typer.Option(help="Comment shown with the paper.")] = None,
    data: Data = None,
    day: Day = None,
    week: Week = None,
    month: Month = None,
) -> None:
    """Pin a paper to a rank of an edition, by default today's.

    Example: broadsheet pin 2502.14802 --place 1 --comment "Read this first."
    """
    if comment is not None and not 0 < len(comment.strip()) <= _COMMENT_CHARS:
        raise typer.BadParameter(f"--comment must have 1 to {_COMMENT_CHARS} characters")
    _pick(data, paper, place, comment.strip() if comment else None, period_of(day, week, month))


@app.command()
def drop(
    paper: Paper,
    data: Data = None,
    day: Day = None,
    week: Week = None,
    month: Month = None,
) -> None:
    """Exclude a paper from an edition, by default today's.

    Example: broadsheet drop 2502.14802 --week 2026-W08
    """
    _pick(data, paper, None, None, period_of(day, week, month))


@app.command()
def picks(
    data: Data = None,
    day: Day = None,
    week: Week = None,
    month: Month = None,
    forget: Annotated[
        str | None, typer.Option(metavar="PAPER", help="Delete the pick of a paper.")
    ] = None,
    json: Json = False,
) -> None:
    """List the pinned and excluded papers of an edition.

    Without an option, this is today's edition.

    Example: broadsheet picks --forget 2502.14802
    """
    chosen = period_of(day, week, month)
    with open_data(data) as library:
        period = chosen or Period(library.today)
        if forget is not None:
            library.editions.unpick(period, _paper_id(library, forget))
        listed = library.editions.picks(period)
        titles = {one.paper_id: library.paper(one.paper_id).title for one in listed}
    if json:
        print_json([asdict(one) | {"title": titles[one.paper_id]} for one in listed])
        return
    if not listed:
        OUT.print(f"no picks for {period}: add one with 'broadsheet pin' or 'broadsheet drop'")
    for one in listed:
        place = f"rank {one.place}" if one.place else "excluded"
        comment = f"  [dim]{escape(one.comment)}[/dim]" if one.comment else ""
        OUT.print(f"{place:8}  {title_text(titles[one.paper_id])}{comment}")


def _pick(
    data: Data, paper: str, place: int | None, comment: str | None, period: Period | None
) -> None:
    with open_data(data) as library:
        wanted = period or Period(library.today)
        found = library.paper(_paper_id(library, paper))
        library.editions.pick(wanted, Pick(found.id, place, comment))
        effect = f"is pinned to rank {place} of" if place else "is excluded from"
        OUT.print(f"{title_text(found.title)} {effect} the edition of {wanted}")
        if library.editions.exists(wanted):
            OUT.print(
                "this edition is published: run 'broadsheet publish' to publish a new revision"
            )


def _paper_id(library: "Library", text: str) -> str:
    from broadsheet.rules.identity import parse_any_id

    return text if library.has_paper(text) else parse_any_id(text) or text
