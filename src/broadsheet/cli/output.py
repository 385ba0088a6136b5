"""What the command line tells a person."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from rich.console import Console
from rich.markup import escape

from broadsheet.ingest.files import IngestReport
from broadsheet.ingest.run import FetchReport
from broadsheet.model import Edition, HitList, Malformed, Tier, Trend
from broadsheet.rules.gaps import stretches

_SHOWN_COMPLAINTS = 20


def show_import(console: Console, name: str, report: IngestReport) -> None:
    """Tell what became of the records of one file."""
    tally = report.tally
    console.print(
        f"{escape(name)}: {tally.new} new, {tally.merged} joined known papers, "
        f"{tally.unchanged} unchanged, {report.skipped} skipped"
    )
    _show_complaints(console, report.malformed, report.skipped)


def show_fetch(console: Console, report: FetchReport) -> None:
    """Tell what one run of a source brought, and what it did not."""
    tally = report.tally
    counts = (
        (tally.new, "new"),
        (tally.merged, "joined known papers"),
        (tally.unchanged, "unchanged"),
        (report.signals, "readings of attention"),
        (report.unmatched, "readings of papers that are not here"),
        (report.skipped, "skipped"),
    )
    told = ", ".join(f"{count} {what}" for count, what in counts if count)
    if told or not report.error:
        console.print(f"{escape(report.source)}: {told or 'nothing new'}")
    _show_complaints(console, report.malformed, report.skipped)
    for gap in report.mended:
        came = "has nothing more" if gap.given_up else "has brought what was missing"
        console.print(f"{escape(gap.source)} {came} of {gap.day}")
    if report.error:
        console.print(f"{escape(report.source)}: {escape(report.error)}", style="red")
    for stretch in stretches(report.gaps):
        # Why it failed was just said.
        why = "nothing came" if report.error and report.error in stretch.why else stretch.why
        console.print(escape(str(replace(stretch, why=why))), style="red")


def _show_complaints(console: Console, malformed: Sequence[Malformed], skipped: int) -> None:
    for complaint in malformed[:_SHOWN_COMPLAINTS]:
        console.print(f"skipped {escape(complaint.place)}: {escape(complaint.why)}", style="yellow")
    if skipped > _SHOWN_COMPLAINTS:
        console.print(f"and {skipped - _SHOWN_COMPLAINTS} more", style="yellow")


def show_edition(console: Console, edition: Edition) -> None:
    """List an edition's papers by section, each with its reason."""
    count = len(edition.items)
    if not edition.revision:
        console.print(f"nothing is new in {edition.period}: no edition was printed")
        return
    papers = f"{count} paper{'' if count == 1 else 's'}"
    console.print(f"edition of {edition.period}, revision {edition.revision}: {papers}")
    for section, items in groupby(edition.items, lambda item: item.section):
        console.print(f"[bold]{section}[/bold]")
        for item in items:
            console.print(f"{item.rank:3}  {escape(item.title)}")
            picked = "editor's pick · " if item.picked else ""
            console.print(f"     [dim]{picked}{escape(item.reason)}[/dim]")
            if item.comment:
                console.print(f"     {escape(item.comment)}")


def show_trends(console: Console, trends: Sequence[Trend]) -> None:
    """List what rises, each with its reason."""
    if not trends:
        console.print("nothing rises yet: run 'broadsheet fetch', or import newer papers")
    for trend in trends:
        console.print(f"{trend.rank:3}  {escape(trend.paper.title)}")
        link = escape(trend.paper.link or trend.paper.id)
        console.print(f"     [dim]{link} · {escape(trend.reason)}[/dim]")


def show_hits(console: Console, found: HitList) -> None:
    """List hits by tier, each with its reason."""
    if not found.hits:
        console.print("nothing found: try other words, or import more papers")
    tier: Tier | None = None
    for hit in found.hits:
        if hit.tier is not tier:
            tier = hit.tier
            heading = (
                f"{found.matches} with every word"
                if tier is Tier.MATCH
                else f"{found.total - found.matches} near in meaning"
            )
            console.print(f"[bold]{heading}[/bold]")
        notice = f"[red]{hit.paper.notice.upper()}[/red] " if hit.paper.notice else ""
        console.print(f"{hit.rank:4}  {notice}{escape(hit.paper.title)}")
        link = escape(hit.paper.link or hit.paper.id)
        console.print(f"      [dim]{link} · {escape(hit.why)}[/dim]")
