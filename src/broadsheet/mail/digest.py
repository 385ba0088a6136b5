"""Set an edition as a mail."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from broadsheet.mail.masthead import Masthead
from broadsheet.mail.rendering import Rendered, render
from broadsheet.mail.wording import byline, excerpt, long_day, plain, shortened, spoken_date
from broadsheet.model import Edition, EditionItem, Section

_SUBJECT_CHARS = 120
_HEADINGS = {Section.RISING: "Rising", Section.NEW: "New, and noticed by nobody yet"}


@dataclass(frozen=True, slots=True)
class Story:
    """One paper as the templates print it.

    Parameters
    ----------
    rank : int
        Place in the edition, from 1.
    title, byline, dateline, excerpt, reason : str
        Plain text on one line, empty where nothing is known.
    page_url : str
        Its page in the newspaper.
    link, link_name : str
        The work itself and the host it is at; both empty where there is no web address.
    notice : str
        What was said against it, empty for nothing.
    comment : str
        What the editor said of it, empty for nothing.
    picked : bool
        Whether the editor put it here.
    heading : str
        Stands above it, where another part of the edition begins; else empty.
    """

    rank: int
    title: str
    byline: str
    dateline: str
    excerpt: str
    reason: str
    page_url: str
    link: str
    link_name: str
    notice: str
    comment: str
    picked: bool
    heading: str


def render_digest(edition: Edition, masthead: Masthead) -> Rendered:
    """Write the digest of an edition, once for all its readers.

    Parameters
    ----------
    edition : Edition
        What is mailed; it may be empty.
    masthead : Masthead
        Who sends it.

    Returns
    -------
    Rendered
        `rendering.UNSUBSCRIBE` stands in it where :func:`broadsheet.mail.compose` puts the
        reader's own address.
    """
    title, day = plain(masthead.title), long_day(edition.date)
    # What comes first needs no heading.
    above = [item.section for item in edition.items[:1]] + [item.section for item in edition.items]
    stories = [
        _story(item, masthead, _HEADINGS[item.section] if item.section is not before else "")
        for item, before in zip(edition.items, above, strict=False)
    ]
    leading = stories[0].title if stories else "no papers today"
    return render(
        "digest",
        shortened(f"{title}, {day}: {leading}", _SUBJECT_CHARS),
        title=title,
        day=day,
        weekday=f"{edition.date:%A}",
        front_url=masthead.page("/"),
        browser_url=masthead.page(f"/papers/date/{edition.date.isoformat()}"),
        stories=stories,
        note=plain(edition.note or ""),
    )


def _story(item: EditionItem, masthead: Masthead, heading: str) -> Story:
    date = spoken_date(item.published) if item.published else ""
    category = plain(item.categories[0]) if item.categories else ""
    link = plain(item.link or "")
    host = _web_host(link)
    return Story(
        rank=item.rank,
        title=plain(item.title),
        byline=byline(item.authors),
        dateline=" · ".join(part for part in (date, category) if part),
        excerpt=excerpt(item.abstract or ""),
        reason=plain(item.reason),
        page_url=masthead.page(f"/papers/{quote(item.paper_id, safe=':/', errors='replace')}"),
        link=link if host else "",
        link_name=host,
        notice=item.notice or "",
        comment=plain(item.comment or ""),
        picked=item.picked,
        heading=heading,
    )


def _web_host(url: str) -> str:
    """Name the host of an http(s) address; empty for what a mail must not link to."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https"):
        return ""
    return parts.netloc.rpartition("@")[2].removeprefix("www.")
