"""Render an edition as a digest mail."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from broadsheet.mail.newsletter import Newsletter
from broadsheet.mail.rendering import RenderedMail, render
from broadsheet.mail.text import (
    byline,
    format_date,
    format_day,
    single_line,
    truncate,
)
from broadsheet.model import SAMPLE_LABEL, Edition, EditionItem, Section
from broadsheet.rules.attention_line import attention_line
from broadsheet.rules.contribution import contribution
from broadsheet.rules.tex import to_unicode

_SUBJECT_CHARS = 120
_EXCERPT_CHARS = 420
_HEADINGS = {
    Section.TRENDING: "Trending",
    Section.NEW: "No attention yet; selected by predicted interest",
    Section.LIBRARY: "From the library; selected by predicted interest",
}


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One paper of a digest, as the templates use it.

    Parameters
    ----------
    rank : int
        Position in the edition, from 1.
    title, byline, dateline : str
        One line of plain text each; empty if unknown.
    excerpt : str
        What the paper contributes, in one sentence; empty if unknown.
    attention : str
        What it has and gained; empty without any.
    reason : str
        What else explains its place; empty if that is nothing.
    page_url : str
        URL of the paper's page on the site.
    link, link_host : str
        URL of the work and its host; both empty if there is no http(s) URL.
    notice : str
        Retraction or similar notice; empty if there is none.
    comment : str
        The editor's comment; empty if there is none.
    picked : bool
        Whether the editor picked the paper.
    heading : str
        Heading of the section that begins with this paper; else empty.
    """

    rank: int
    title: str
    byline: str
    dateline: str
    excerpt: str
    attention: str
    reason: str
    page_url: str
    link: str
    link_host: str
    notice: str
    comment: str
    picked: bool
    heading: str


def render_digest(edition: Edition, newsletter: Newsletter) -> RenderedMail:
    """Render the digest of an edition, once for all subscribers.

    Parameters
    ----------
    edition : Edition
        The edition to mail; it may have no papers.
    newsletter : Newsletter
        The sender.

    Returns
    -------
    RenderedMail
        Contains `rendering.UNSUBSCRIBE_URL`, which :func:`broadsheet.mail.compose` replaces
        with each subscriber's URL.
    """
    title, day = single_line(newsletter.title), format_day(edition.date)
    # The first section has no heading.
    previous = [item.section for item in edition.items[:1]] + [
        item.section for item in edition.items
    ]
    items = [
        _digest_item(item, newsletter, _HEADINGS[item.section] if item.section != before else "")
        for item, before in zip(edition.items, previous, strict=False)
    ]
    headline = items[0].title if items else "no papers"
    name = f"{title}, sample edition of {day}" if edition.is_sample else f"{title}, {day}"
    label = f"{SAMPLE_LABEL}." if edition.is_sample else ""
    return render(
        "digest",
        truncate(f"{name}: {headline}", _SUBJECT_CHARS),
        title=title,
        day=day,
        weekday=f"{edition.date:%A}",
        front_url=newsletter.url("/"),
        browser_url=newsletter.url(f"/editions/{edition.date.isoformat()}"),
        items=items,
        note=" ".join(part for part in (label, single_line(edition.note or "")) if part),
    )


def _digest_item(item: EditionItem, newsletter: Newsletter, heading: str) -> DigestItem:
    date = format_date(item.published) if item.published else ""
    category = single_line(item.categories[0]) if item.categories else ""
    link = single_line(item.link or "")
    host = _web_host(link)
    return DigestItem(
        rank=item.rank,
        title=single_line(to_unicode(item.title)),
        byline=byline(item.authors),
        dateline=" · ".join(part for part in (date, category) if part),
        excerpt=truncate(
            single_line(to_unicode(item.summary or contribution(item.abstract or ""))),
            _EXCERPT_CHARS,
        ),
        attention=single_line(attention_line(item.attention)),
        # Editions of earlier versions have the attention in the reason only.
        reason=single_line(item.reason if item.attention is None else item.placing),
        page_url=newsletter.url(f"/papers/{quote(item.paper_id, safe=':/', errors='replace')}"),
        link=link if host else "",
        link_host=host,
        notice=item.notice or "",
        comment=single_line(item.comment or ""),
        picked=item.picked,
        heading=heading,
    )


def _web_host(url: str) -> str:
    """Return the host of an http(s) URL, or "" for a URL that a mail must not link to."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https"):
        return ""
    return parts.netloc.rpartition("@")[2].removeprefix("www.")
