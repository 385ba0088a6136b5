"""View models: papers and editions as the templates show them. Pure."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import quote_plus, unquote_plus

from broadsheet.model import (
    SAMPLE_LABEL,
    Attention,
    Edition,
    EditionItem,
    Hit,
    Paper,
    Section,
    Signal,
    Trend,
    Trending,
)
from broadsheet.rules.artifacts import artifact_of, artifact_urls
from broadsheet.rules.attention_line import LinePart, Spark, line_parts, spark
from broadsheet.rules.contribution import contribution
from broadsheet.rules.snippet import SNIPPET_CHARS, Piece, excerpt, marked, truncated
from broadsheet.rules.source_names import source_name
from broadsheet.rules.tex import to_unicode
from broadsheet.rules.totals import breakdowns
from broadsheet.rules.trend_reason import noun
from broadsheet.web.addresses import category_path, link_name, paper_path, plain, web_link
from broadsheet.web.calendar import iso_date, short_date

# Room for a pasted abstract.
QUERY_CHARS = 4_000
_PARTIAL_ESCAPE = re.compile(r"%[0-9A-F]?$")
AUTHORS_NAMED = 3
VENUE_CHARS = 40
CATEGORIES_SHOWN = 10

_RANKED = "Ranked by recently gained attention."
_PREDICTED = "No attention yet; selected by predicted interest."


def clean_query(text: str) -> tuple[str, bool]:
    """Return a query on one line of at most `QUERY_CHARS` characters, percent-encoded.

    A page contains some forty addresses with its query.

    Returns
    -------
    query : str
        The query to run.
    truncated : bool
        Whether the end was cut off.

    Examples
    --------
    >>> query, truncated = clean_query("風" * 500)
    >>> len(query), truncated
    (444, True)
    """
    query = plain(text)
    encoded = quote_plus(query[:QUERY_CHARS], errors="replace")
    if len(query) <= QUERY_CHARS >= len(encoded):
        return query, False
    # A character that is cut in two is left out.
    whole = _PARTIAL_ESCAPE.sub("", encoded[:QUERY_CHARS])
    return unquote_plus(whole, errors="ignore").rstrip(), True


class Fact(NamedTuple):
    """One short fact about a paper: a text, and what it links to or the date that it stands for."""

    text: str
    href: str | None = None
    iso: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper in a list.

    Parameters
    ----------
    rank : int
        Place in the list, from 1.
    path : str
        Path of the paper's page.
    title, excerpt, abstract : tuple of Piece
        The excerpt is the paper's contribution, or the part that contains the words of a query.
        `abstract` is empty if the excerpt is the whole abstract.
    byline : str
        The first `AUTHORS_NAMED` authors, and the number of further ones.
    facts : tuple of Fact
        Category, date, venue, code, data, model and the link with the version.
    link : str or None
        As in the paper; None unless it is http(s).
    why : str
        What explains the rank besides the attention; empty if that is nothing.
    votes : int
        Current votes.
    attention : tuple of LinePart
        The attention of the paper in words; empty without any.
    spark : Spark or None
        Its course.
    notice : str or None
        Correction, withdrawal or retraction.
    picked : bool
        Whether the editor selected the paper.
    comment : str or None
        Comment of the editor.
    """

    rank: int
    path: str
    title: tuple[Piece, ...]
    excerpt: tuple[Piece, ...]
    abstract: tuple[Piece, ...]
    byline: str
    facts: tuple[Fact, ...]
    link: str | None
    why: str
    votes: int
    notice: str | None
    attention: tuple[LinePart, ...] = ()
    spark: Spark | None = None
    picked: bool = False
    comment: str | None = None

    @property
    def name(self) -> str:
        """The title as plain text."""
        return "".join(piece.text for piece in self.title)


def edition_entry(item: EditionItem, *, votes: int) -> Entry:
    """Return the entry of one paper of an edition."""
    # Editions of earlier versions have the attention in the reason only.
    why = item.reason if item.attention is None else item.placing
    entry = _entry(item, item.paper_id, item.rank, why, attention=item.attention, votes=votes)
    return replace(entry, picked=item.picked, comment=item.comment)


def trend_entry(trend: Trend, *, votes: int) -> Entry:
    """Return the entry of one trending paper."""
    paper, attention = trend.paper, trend.attention
    why = trend.placing if attention.counts else f"{_PREDICTED} {trend.placing}".rstrip()
    return _entry(paper, paper.id, trend.rank, why, attention=attention, votes=votes)


def hit_entry(hit: Hit, *, votes: int, attention: Attention | None = None) -> Entry:
    """Return the entry of one search result, with the words of the query marked."""
    paper = hit.paper
    return _entry(
        paper, paper.id, hit.rank, hit.reason, hit.words, attention=attention, votes=votes
    )


def paper_entry(
    paper: Paper, *, votes: int, rank: int = 1, attention: Attention | None = None
) -> Entry:
    """Return the entry of a paper outside of search results, editions and trending."""
    return _entry(paper, paper.id, rank, "", attention=attention, votes=votes)


def _entry(
    work: Paper | EditionItem,
    paper_id: str,
    rank: int,
    why: str,
    words: Collection[str] = (),
    *,
    attention: Attention | None,
    votes: int,
) -> Entry:
    lines, whole = _excerpt(work, words)
    link = web_link(work.link)
    return Entry(
        rank=rank,
        path=paper_path(paper_id),
        title=marked(work.title, words),
        excerpt=lines,
        abstract=whole,
        byline=_byline(work.authors),
        facts=tuple(_facts(work, link)),
        link=link,
        why=why,
        votes=votes,
        notice=work.notice,
        attention=line_parts(attention) if attention else (),
        spark=spark(attention),
    )


def _excerpt(
    work: Paper | EditionItem, words: Collection[str]
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Return what a paper contributes, and its abstract if that says more.

    A search result shows the part of the abstract that contains the most words of the query
    instead, if that contains more of them.
    """
    abstract = work.abstract or ""
    shown = marked(work.summary or contribution(abstract), words, SNIPPET_CHARS)
    if words:
        found, rest = excerpt(abstract, words)
        if _words_in(found) > _words_in(shown):
            return found, rest
        whole = rest or found
    else:
        whole = marked(abstract)
    return shown, whole if whole != shown else ()


def _words_in(pieces: Sequence[Piece]) -> int:
    return len({piece.text.lower() for piece in pieces if piece.highlighted})


def _byline(authors: Sequence[str]) -> str:
    named = ", ".join(to_unicode(name) for name in authors[:AUTHORS_NAMED])
    more = len(authors) - AUTHORS_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _facts(work: Paper | EditionItem, link: str | None) -> Iterator[Fact]:
    if work.categories:
        yield Fact(work.categories[0], category_path(work.categories[0]))
    if work.published:
        yield Fact(short_date(work.published), iso=iso_date(work.published))
    if work.venue:
        yield Fact(truncated(work.venue, VENUE_CHARS))
    artifacts = work.artifacts if isinstance(work, EditionItem) else artifact_urls(work)
    for url in artifacts:
        if web_link(url):
            yield Fact(artifact_of(url), url)
    if link:
        is_revised = work.version is not None and work.version > 1
        name = f"{link_name(link)} v{work.version}" if is_revised else link_name(link)
        yield Fact(name, link)


@dataclass(frozen=True, slots=True)
class Part:
    """One section of an edition.

    Parameters
    ----------
    heading : str or None
        None if the edition has no other section.
    note : str or None
        How the papers were selected.
    entries : tuple of Entry
        In order of rank.
    """

    heading: str | None
    note: str | None
    entries: tuple[Entry, ...]


def parts(edition: Edition, votes: Mapping[str, int]) -> list[Part]:
    """Group the papers of an edition by section; a lone trending section has no heading.

    Parameters
    ----------
    edition : Edition
        A published edition.
    votes : mapping of paper id to int
        Current votes; papers without votes may be missing.
    """
    entries = {
        section: tuple(
            edition_entry(item, votes=votes.get(item.paper_id, 0))
            for item in edition.items
            if item.section is section
        )
        for section in Section
    }
    headings = {
        Section.TRENDING: ("Trending", _RANKED),
        Section.NEW: ("New", _PREDICTED),
        Section.LIBRARY: ("From the library", _PREDICTED),
    }
    sections = [section for section in Section if entries[section]]
    if sections == [Section.TRENDING] or edition.is_sample:
        return [Part(None, None, entries[section]) for section in sections]
    return [Part(*headings[section], entries[section]) for section in sections]


def sample_note(edition: Edition, *, fetches: bool) -> str | None:
    """Return what readers should know of an edition from the starter library; None for others.

    Parameters
    ----------
    edition : Edition
        A published edition.
    fetches : bool
        Whether the site fetches papers.
    """
    if not edition.is_sample:
        return None
    until = " The first papers that are fetched replace them." if fetches else ""
    return f"{SAMPLE_LABEL}: its papers are from past years, selected by predicted interest.{until}"


def stand_in_note(found: Trending) -> str | None:
    """Return why the papers of an edition are listed as trending; None if they are not."""
    if found.edition is None:
        return None
    sample = "sample " if found.edition.is_sample else ""
    day = short_date(str(found.edition.period))
    return (
        f"No paper has recent attention yet: these are the papers of the {sample}edition of {day}."
    )


def categories_of(papers: Sequence[Paper], limit: int = CATEGORIES_SHOWN) -> list[str]:
    """List the most frequent categories of some papers, by name."""
    papers_in = Counter(name for paper in papers for name in dict.fromkeys(paper.categories))
    return sorted(name for name, _ in papers_in.most_common(limit))


@dataclass(frozen=True, slots=True)
class AttentionTotal:
    """The newest total of one kind of attention.

    Parameters
    ----------
    value, noun : str
        Such as ``1,240`` and ``stars``.
    source : str
        The source, or several sources with their counts.
    day : str
        ISO date of the newest observation.
    """

    value: str
    noun: str
    source: str
    day: str


def attention_totals(signals: Sequence[Signal]) -> list[AttentionTotal]:
    """List the newest total of each kind, the largest first; kinds without any are left out.

    Parameters
    ----------
    signals : sequence of Signal
        In order of time.
    """
    found = [each for each in breakdowns(signals) if each.total.value > 0]
    return [
        AttentionTotal(
            f"{each.total.value:,.0f}",
            noun(each.total.value, each.kind),
            _source_counts(each.places),
            each.total.at.date().isoformat(),
        )
        for each in sorted(found, key=lambda each: -each.total.value)
    ]


def _source_counts(counts: Mapping[str, float]) -> str:
    """Return the sources of a total, each with its count if there are several.

    Examples
    --------
    >>> _source_counts({"openalex": 110, "crossref": 1_000})
    'Crossref 1,000, OpenAlex 110'
    """
    if len(counts) == 1:
        return source_name(next(iter(counts)))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{source_name(source)} {count:,.0f}" for source, count in ranked)


def sentence(words: str) -> str:
    """Return an error message as a sentence.

    Examples
    --------
    >>> sentence("invalid email address: 'x'")
    "Invalid email address: 'x'."
    """
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}"
