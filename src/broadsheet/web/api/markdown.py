"""How a paper reads as Markdown: nothing that it says of itself may mark up the page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from broadsheet.model import Paper
from broadsheet.web.addresses import plain, web_link
from broadsheet.web.calendar import short_date
from broadsheet.web.view_models import Reading

# What CommonMark or GitHub's tables and strikes read as more than itself within a line. Lone
# dashes and dots are left alone, so that "state-of-the-art" stays readable to programs, too.
_MARKS = re.compile(r"[\\`*_\[\]<>&#|~]")
# What begins a list, a rule or an underline at the start of a line.
_BEGINS = re.compile(r"^(?:(\d{1,9})([.)])|([-+=]))")
# What addresses are made of; the rest, such as spaces and angle brackets, is written as %XX.
_OF_ADDRESSES = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a paper stands or stood, and why.

    Parameters
    ----------
    place : str
        Such as ``No. 3 on Friday, 20 February 2026``.
    reason : str
        What it gained.
    """

    place: str
    reason: str


def escaped(text: str) -> str:
    r"""Write text within a line so that Markdown and HTML show it as it is.

    Examples
    --------
    >>> escaped("<b>1.5_x</b>")
    '\\<b\\>1.5\\_x\\</b\\>'
    """
    return _MARKS.sub(r"\\\g<0>", plain(text))


def paragraph(text: str) -> str:
    r"""Write text as a line of its own so that it is shown as it is.

    Examples
    --------
    >>> paragraph("1. first")
    '1\\. first'
    """
    return _BEGINS.sub(lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", escaped(text))


def paper_markdown(
    paper: Paper, page: str, attention: Sequence[Reading], standings: Sequence[Standing]
) -> str:
    """Write all that is known of a paper.

    Parameters
    ----------
    paper : Paper
        Any text in it is hostile.
    page : str
        The address of its page here.
    attention : sequence of Reading
        The newest readings.
    standings : sequence of Standing
        The places where it stands or stood.
    """
    blocks = [f"# {escaped(paper.title)}"]
    if paper.notice:
        blocks.append(f"> This paper was {paper.notice}.")
    if paper.authors:
        blocks.append(paragraph(", ".join(paper.authors)))
    blocks += ["\n".join([*_facts(paper), *_links(paper, page)])]
    blocks += ["## Abstract", paragraph(paper.abstract or "No abstract is known.")]
    if attention:
        blocks += ["## Attention", "\n".join(_reading(one) for one in attention)]
    if standings:
        told = [f"- {escaped(one.place)}: {escaped(one.reason)}" for one in standings]
        blocks += ["## Why it is in the news", "\n".join(told)]
    return "\n\n".join(blocks) + "\n"


def _facts(paper: Paper) -> Iterator[str]:
    told = {
        "Published": short_date(paper.published) if paper.published else None,
        "Categories": ", ".join(paper.categories),
        "Venue": paper.venue,
        "Comment": paper.comment,
        "In short": paper.summary,
    }
    return (f"- {name}: {escaped(text)}" for name, text in told.items() if text)


def _links(paper: Paper, page: str) -> Iterator[str]:
    told = {
        "Paper": paper.link,
        "Free to read": paper.open_url,
        "Code": paper.code_url,
        "Here": page,
    }
    safe = {name: web_link(url) for name, url in told.items()}
    return (
        f"- {name}: <{quote(url, safe=_OF_ADDRESSES, errors='replace')}>"
        for name, url in safe.items()
        if url
    )


def _reading(one: Reading) -> str:
    return f"- {one.value} {one.noun} ({escaped(one.source)}, {short_date(one.day)})"
