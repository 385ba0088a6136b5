"""A paper as Markdown; its own text is escaped and cannot add markup. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from broadsheet.model import Paper
from broadsheet.rules.tex import to_unicode
from broadsheet.web.addresses import plain, web_link
from broadsheet.web.calendar import short_date
from broadsheet.web.view_models import AttentionTotal

# Characters with a meaning within a line in CommonMark or GitHub's tables and strikethrough.
# Single dashes and dots are not escaped, so that "state-of-the-art" stays searchable.
_MARKS = re.compile(r"[\\`*_\[\]<>&#|~]")
# Start of a list, a rule or an underline.
_BLOCK_START = re.compile(r"^(?:(\d{1,9})([.)])|([-+=]))")
# Characters kept in addresses; others, such as spaces, are percent-encoded.
_ADDRESS_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Standing:
    """Rank of a paper in a list.

    Parameters
    ----------
    place : str
        Such as ``Rank 3 in the edition of Friday, 20 February 2026``.
    reason : str
        Reason for the rank.
    """

    place: str
    reason: str


def escaped(text: str) -> str:
    r"""Escape text within a line for Markdown and HTML.

    Examples
    --------
    >>> escaped("<b>1.5_x</b>")
    '\\<b\\>1.5\\_x\\</b\\>'
    """
    return _MARKS.sub(r"\\\g<0>", plain(text))


def paragraph(text: str) -> str:
    r"""Escape text that is a line by itself.

    Examples
    --------
    >>> paragraph("1. first")
    '1\\. first'
    """
    return _BLOCK_START.sub(
        lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", escaped(text)
    )


def link_address(url: str) -> str:
    """Return an address that nothing ends when it is written within angle brackets.

    Examples
    --------
    >>> link_address("https://a.example/x>)[y](z")
    'https://a.example/x%3E)[y](z'
    """
    return quote(url, safe=_ADDRESS_CHARACTERS, errors="replace")


def paper_markdown(
    paper: Paper, page: str, attention: Sequence[AttentionTotal], standings: Sequence[Standing]
) -> str:
    """Return a paper as Markdown.

    Parameters
    ----------
    paper : Paper
        Its text is untrusted.
    page : str
        Address of its page.
    attention : sequence of AttentionTotal
        Current totals of attention.
    standings : sequence of Standing
        Current and past ranks.
    """
    blocks = [f"# {escaped(to_unicode(paper.title))}"]
    if paper.notice:
        blocks.append(f"> This paper was {paper.notice}.")
    if paper.authors:
        blocks.append(paragraph(", ".join(to_unicode(name) for name in paper.authors)))
    blocks += ["\n".join([*_facts(paper), *_links(paper, page)])]
    blocks += ["## Abstract", paragraph(to_unicode(paper.abstract or "No abstract available."))]
    if attention:
        blocks += ["## Attention", "\n".join(_total(total) for total in attention)]
    if standings:
        lines = [f"- {escaped(each.place)}: {escaped(each.reason)}" for each in standings]
        blocks += ["## Rankings", "\n".join(lines)]
    return "\n\n".join(blocks) + "\n"


def _facts(paper: Paper) -> Iterator[str]:
    facts = {
        "Published": short_date(paper.published) if paper.published else None,
        "Categories": ", ".join(paper.categories),
        "Venue": paper.venue,
        "Comment": to_unicode(paper.comment or ""),
        "Summary": to_unicode(paper.summary or ""),
    }
    return (f"- {name}: {escaped(text)}" for name, text in facts.items() if text)


def _links(paper: Paper, page: str) -> Iterator[str]:
    links = {
        "Paper": paper.link,
        "Free to read": paper.open_url,
        "Code": paper.code_url,
        "This site": page,
    }
    safe = {name: web_link(url) for name, url in links.items()}
    return (f"- {name}: <{link_address(url)}>" for name, url in safe.items() if url)


def _total(total: AttentionTotal) -> str:
    return f"- {total.value} {total.noun} ({escaped(total.source)}, {short_date(total.day)})"
