"""Reports, editions, trends and hits as text for a person."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from broadsheet.model import SAMPLE_LABEL, Edition, HitList, Malformed, Tier, Trending

if TYPE_CHECKING:
    from broadsheet.ingest.records import IngestReport
    from broadsheet.ingest.run import FetchReport
    from broadsheet.library import Finding

_SHOWN_MALFORMED = 20
_SHOWN_WORDS = 5


def show_import(console: Console, name: str, report: "IngestReport") -> None:
    """Print how the records of one file were stored."""
    tally = report.tally
    console.print(
        f"{escape(name)}: {tally.new} new, {tally.merged} merged into existing papers, "
        f"{tally.unchanged} unchanged, {report.skipped} skipped{_untitled(report)}"
    )
    _show_malformed(console, report.malformed, report.skipped)


def _untitled(report: "IngestReport") -> str:
    return f", {report.untitled} without a title" if report.untitled else ""


def show_fetch(console: Console, report: "FetchReport") -> None:
    """Print what one run of a source fetched, and what is missing."""
    # It imports the module statistics, which takes longer than the rest of this file.
    from broadsheet.rules.gaps import gap_spans

    tally = report.tally
    counts = (
        (tally.new, "new"),
        (tally.merged, "merged into existing papers"),
        (tally.unchanged, "unchanged"),
        (report.signals, "observations"),
        (report.unmatched, "observations of papers not in the library"),
        (report.skipped, "skipped"),
        (report.untitled, "without a title"),
    )
    summary = ", ".join(f"{count} {noun}" for count, noun in counts if count)
    if summary or not report.error:
        console.print(f"{escape(report.source)}: {summary or 'nothing new'}")
    _show_malformed(console, report.malformed, report.skipped)
    for gap in report.closed_gaps:
        result = "has no more records" if gap.abandoned else "now has all records"
        console.print(f"{escape(gap.source)} {result} for {gap.day}")
    if report.error:
        console.print(f"{escape(report.source)}: {escape(report.error)}", style="red")
    for span in gap_spans(report.gaps):
        # The error is printed above.
        is_error = report.error is not None and report.error in span.reason
        reason = "no records" if is_error else span.reason
        console.print(escape(str(replace(span, reason=reason))), style="red")


def _show_malformed(console: Console, malformed: Sequence[Malformed], skipped: int) -> None:
    for record in malformed[:_SHOWN_MALFORMED]:
        console.print(f"skipped {escape(record.place)}: {escape(record.reason)}", style="yellow")
    if skipped > _SHOWN_MALFORMED:
        console.print(f"and {skipped - _SHOWN_MALFORMED} more", style="yellow")


def _papers(count: int) -> str:
    return f"{count:,} paper{'' if count == 1 else 's'}"


def show_findings(console: Console, findings: "Sequence[Finding]") -> None:
    """Print a table of findings; a line each unless at a terminal, which wraps them."""
    styles = {"ok": "green", "warning": "yellow", "error": "bold red"}
    if console.is_terminal:
        from rich.table import Table

        table = Table("", "check", "finding", box=None, header_style="dim")
        for one in findings:
            style = styles[one.level]
            table.add_row(f"[{style}]{one.level}[/{style}]", one.check, escape(one.text))
        console.print(table, soft_wrap=False)
    else:
        for one in findings:
            console.print(f"{one.level:8} {one.check:11} {escape(one.text)}")
    levels = Counter(one.level.value for one in findings)
    problems = [
        f"{levels[level]} {level}{'' if levels[level] == 1 else 's'}"
        for level in ("error", "warning")
        if levels[level]
    ]
    console.print(", ".join(problems) or "no problems found")


def show_edition(console: Console, edition: Edition) -> None:
    """Print an edition's papers by section, each with its reason."""
    count = len(edition.items)
    if not edition.revision:
        console.print(
            f"no edition was published: {edition.period} has no new papers and no attention"
        )
        return
    console.print(f"edition of {edition.period}, revision {edition.revision}: {_papers(count)}")
    if edition.is_sample:
        console.print(SAMPLE_LABEL)
    for section, items in groupby(edition.items, lambda item: item.section):
        console.print(f"[bold]{section}[/bold]")
        for item in items:
            console.print(f"{item.rank:3}  {title_text(item.title)}")
            picked = "editor's pick · " if item.picked else ""
            console.print(f"     [dim]{picked}{escape(item.reason)}[/dim]")
            if item.comment:
                console.print(f"     {escape(item.comment)}")


def show_trends(console: Console, found: Trending, category: str | None) -> None:
    """Print the trending papers, each with its reason."""
    trends = found.trends
    if found.edition is not None and trends:
        sample = "sample " if found.edition.is_sample else ""
        console.print(
            f"no paper is trending yet: these are of the {sample}edition of {found.edition.period}"
        )
    if not trends:
        scope = f" in {escape(category)}" if category else ""
        console.print(f"no trending papers{scope}: run 'broadsheet fetch' to fetch attention")
    for trend in trends:
        console.print(f"{trend.rank:3}  {title_text(trend.paper.title)}")
        link = escape(trend.paper.link or trend.paper.id)
        console.print(f"     [dim]{link} · {escape(trend.reason)}[/dim]")


def show_hits(console: Console, found: HitList) -> None:
    """Print hits by tier, each with its reason."""
    from broadsheet.rules.search_summary import match_heading, neighbour_heading, search_summary

    if not found.hits:
        console.print(f"no papers found: {_way_on(found)}", markup=False)
        return
    console.print(search_summary(found), markup=False)
    tier: Tier | None = None
    for hit in found.hits:
        if found.tiers and hit.tier is not tier:
            tier = hit.tier
            of_tier = match_heading if tier is Tier.MATCH else neighbour_heading
            console.print(f"[bold]{of_tier(found)}[/bold]")
        notice = f"[red]{hit.paper.notice.upper()}[/red] " if hit.paper.notice else ""
        console.print(f"{hit.rank:4}  {notice}{title_text(hit.paper.title)}")
        link = escape(hit.paper.link or hit.paper.id)
        console.print(f"      [dim]{link} · {escape(hit.reason)}[/dim]")


def title_text(title: str) -> str:
    """Return a title with its TeX as Unicode and escaped for Rich."""
    # Imported here, as most commands print no titles.
    from broadsheet.rules.tex import to_unicode

    return escape(to_unicode(title))


def _way_on(found: HitList) -> str:
    from broadsheet.rules.query import paper_id_in

    if paper_id := paper_id_in(found.query):
        return f"'broadsheet fetch {paper_id.partition(':')[2]}' adds this one"
    if found.unknown_words:
        words = ", ".join(f"“{word}”" for word in found.unknown_words[:_SHOWN_WORDS])
        return f"no paper contains {words}; check the spelling, or use fewer or more common words"
    return "use fewer or more common words, or import more papers"
