"""Schemas of the API's responses, as described in OpenAPI."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from broadsheet.model import Kind, Notice, Section, Span, Tier


class Schema(BaseModel):
    """Base of all schemas: the docstring below a field is its description."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Page(Schema):
    """One page of a list."""

    after: Annotated[str | None, Field(examples=["2026-02-19.311"])]
    """Cursor of the next page; null at the end."""
    next: Annotated[str | None, Field(examples=["https://paper.example/api/v1/papers?after=…"])]
    """Address of the next page; null at the end."""


class Links(Schema):
    """Addresses of a paper."""

    api: Annotated[str, Field(examples=["https://paper.example/api/v1/papers/arxiv:2502.14802"])]
    """This paper in the API."""
    page: Annotated[str, Field(examples=["https://paper.example/papers/arxiv:2502.14802"])]
    """Page of the paper on this site."""
    work: Annotated[str | None, Field(examples=["https://arxiv.org/abs/2502.14802"])]
    """The paper itself: at arXiv, by its DOI, or as stated by a source; null if unknown."""
    code: Annotated[str | None, Field(examples=["https://github.com/valley/kites"])]
    """Source code; null if none is known."""
    free: Annotated[str | None, Field(examples=["https://arxiv.org/pdf/2502.14802"])]
    """Open-access copy; null if none is known."""


class Brief(Schema):
    """The common fields of papers."""

    id: Annotated[str, Field(examples=["arxiv:2502.14802"])]
    """Id in this library."""
    title: Annotated[str, Field(examples=["Measuring kites in the valley"])]
    """Plain text on one line; LaTeX is not converted."""
    abstract: Annotated[str | None, Field(examples=["We study how kites change with the wind."])]
    """Plain text; null if no source has one."""
    authors: Annotated[tuple[str, ...], Field(examples=[["Ada Windrow", "Bo Farol"]])]
    """Names, in the order of the paper."""
    categories: Annotated[tuple[str, ...], Field(examples=[["cs.LG", "stat.ML"]])]
    """arXiv categories or keywords, the primary one first."""
    published: Annotated[str | None, Field(examples=["2026-02-20"])]
    """ISO date of day, month or year precision; null if unknown."""
    contribution: Annotated[str | None, Field(examples=["We show that kites rise at night."])]
    """The sentence of a source or of the abstract that states what is new; null if unknown."""
    notice: Annotated[Notice | None, Field(examples=[None])]
    """Corrected, withdrawn or retracted, the most severe one; null if none."""
    links: Links
    """Addresses."""


class Paper(Brief):
    """One paper, merged from all its sources."""

    arxiv_id: Annotated[str | None, Field(examples=["2502.14802"])]
    """arXiv id without version; null if there is none."""
    doi: Annotated[str | None, Field(examples=["10.1000/kites"])]
    """DOI in lower case; null if there is none."""
    ids: Annotated[tuple[str, ...], Field(examples=[["openalex:W2741809807"]])]
    """Ids at OpenAlex, Semantic Scholar and the ACL Anthology."""
    version: Annotated[int | None, Field(examples=[2])]
    """Newest version; null if unknown."""
    venue: Annotated[str | None, Field(examples=["Journal of Kites"])]
    """Journal or conference; null if unknown."""
    comment: Annotated[str | None, Field(examples=["12 pages, 3 figures"])]
    """Comment of the authors; null if there is none."""
    summary: Annotated[str | None, Field(examples=["Kites rise when the wind turns."])]
    """Summary in one sentence, from a source; null if none has one."""


class Submission(Schema):
    """The first submission of a paper."""

    by: Annotated[str, Field(examples=["ada"])]
    """User name of the submitter."""
    at: Annotated[datetime, Field(examples=["2026-02-20T08:12:00Z"])]
    """Time of the submission."""
    source: Annotated[str, Field(examples=["hf"])]
    """Source of the submission."""


class WholePaper(Paper):
    """One paper with its references, totals and submission."""

    references: Annotated[tuple[str, ...], Field(examples=[["arxiv:1706.03762"]])]
    """Ids of cited papers, which may not be in this library."""
    related: Annotated[tuple[str, ...], Field(examples=[["doi:10.1000/lanterns"]])]
    """Ids of related papers, from a source."""
    counts: Annotated[dict[Kind, float], Field(examples=[{"upvotes": 43, "stars": 1240}])]
    """Current totals by kind of attention; kinds without attention are omitted."""
    submission: Submission | None
    """First submission; null if there is none."""


class Papers(Page):
    """Papers by publication date, newest first."""

    papers: tuple[Paper, ...]
    """Papers without a date come last."""


class Observation(Schema):
    """A total reported by a source at one time."""

    kind: Annotated[Kind, Field(examples=["upvotes"])]
    """Kind of attention."""
    value: Annotated[float, Field(examples=[43])]
    """Total at that time."""
    observed_at: Annotated[datetime, Field(examples=["2026-02-21T06:00:00Z"])]
    """Time of the observation."""
    source: Annotated[str, Field(examples=["hf"])]
    """Source of the observation."""


class Signals(Page):
    """Attention observations of a paper, in order of time."""

    id: Annotated[str, Field(examples=["arxiv:2502.14802"])]
    """Id of the paper."""
    signals: tuple[Observation, ...]
    """All observations; none is ever overwritten."""


class Hit(Schema):
    """One search result."""

    rank: Annotated[int, Field(examples=[1])]
    """Rank in all results, from 1."""
    tier: Annotated[Tier, Field(examples=["match"])]
    """A `match` contains all words of the query; a `neighbour` is close in meaning."""
    score: Annotated[float, Field(examples=[0.91])]
    """Relevance from 0 to 1."""
    why: Annotated[str, Field(examples=["kites in the title"])]
    """Reason for the result."""
    paper: Paper
    """The paper."""


class Hits(Page):
    """One page of search results."""

    query: Annotated[str, Field(examples=["kites"])]
    """The query."""
    total: Annotated[int, Field(examples=[174])]
    """Number of results."""
    matches: Annotated[int, Field(examples=[8])]
    """Number of papers that contain all words and satisfy all filters."""
    neighbours: Annotated[int, Field(examples=[166])]
    """Number of results besides the matches; of a sentence, number of all results."""
    tiers: Annotated[bool, Field(examples=[True])]
    """Whether all matches precede all neighbours; false for a sentence, ranked by score."""
    note: Annotated[str | None, Field(examples=[None])]
    """How the query was interpreted; null if it was interpreted as written."""
    meant: Annotated[str | None, Field(examples=[None])]
    """Suggested spelling; used for the results if no paper contains all words as written."""
    hits: tuple[Hit, ...]
    """In order of rank."""


class Count(Schema):
    """The total of one kind of attention, and what it gained."""

    kind: Annotated[Kind, Field(examples=["upvotes"])]
    """Kind of attention."""
    total: Annotated[float, Field(examples=[214])]
    """Total."""
    gained: Annotated[float, Field(examples=[126])]
    """Gain of the last 24 hours or, if that is 0, of a longer period."""
    since: Annotated[str, Field(examples=["today"])]
    """When it was gained: `today`, `this week` or `this month`."""
    sources: Annotated[tuple[str, ...], Field(examples=[["hf"]])]
    """The sources that count it, the largest count first."""


class Trend(Schema):
    """A trending paper."""

    rank: Annotated[int, Field(examples=[1])]
    """Rank, from 1."""
    score: Annotated[float, Field(examples=[18.4])]
    """Current trending score; a paper with the baseline of upvotes and nothing else has 1."""
    reason: Annotated[str, Field(examples=["+43 upvotes in 24 h, 2 days old"])]
    """Reason for the rank."""
    attention: tuple[Count, ...]
    """Totals and gains, the one that weighs most first."""
    placing: Annotated[str, Field(examples=["Above no. 2: newer attention"])]
    """Why it ranks above the next paper, where the gains alone do not say so; else empty."""
    paper: Paper
    """The paper."""


class Trends(Page):
    """Trending papers, the highest score first."""

    trends: tuple[Trend, ...]
    """In order of rank."""
    note: Annotated[str | None, Field(examples=[None])]
    """What is listed instead if no paper is trending: the newest daily edition; else null."""


class EditionName(Schema):
    """A published edition, without its papers."""

    period: Annotated[str, Field(examples=["2026-02-20"])]
    """Day, ISO week or month of the edition."""
    span: Annotated[Span, Field(examples=["day"])]
    """Length of the period."""
    first: Annotated[date, Field(examples=["2026-02-20"])]
    """First day."""
    last: Annotated[date, Field(examples=["2026-02-20"])]
    """Last day."""
    api: Annotated[str, Field(examples=["https://paper.example/api/v1/editions/2026-02-20"])]
    """Address of the edition."""


class Editions(Page):
    """Editions of one span, newest first."""

    editions: tuple[EditionName, ...]
    """Each in its newest revision."""


class Item(Brief):
    """One paper of an edition, as it was at publication."""

    rank: Annotated[int, Field(examples=[1])]
    """Rank in the edition, from 1."""
    section: Annotated[Section, Field(examples=["trending"])]
    """
    `trending`: ranked by attention; `new`: no attention yet, ranked by predicted interest;
    `library`: as `new`, from before the previous edition.
    """
    reason: Annotated[str, Field(examples=["+43 upvotes in 24 h, 2 days old"])]
    """Reason for the rank."""
    attention: tuple[Count, ...]
    """Totals and gains, the one that weighs most first; empty in editions of earlier versions."""
    placing: Annotated[str, Field(examples=["Above no. 2: newer attention"])]
    """Why it ranks above the next paper, where the gains alone do not say so; else empty."""
    score: Annotated[float, Field(examples=[18.4])]
    """Score at publication."""
    votes: Annotated[int, Field(examples=[7])]
    """Votes of this site's readers at publication."""
    picked: Annotated[bool, Field(examples=[False])]
    """Whether the editor pinned the paper."""
    comment: Annotated[str | None, Field(examples=["Read the second figure first."])]
    """Comment of the editor; null if there is none."""


class Edition(EditionName):
    """The list of papers for a day, week or month; it does not change after publication."""

    revision: Annotated[int, Field(examples=[1])]
    """Revision number: 1 for the first publication, one more for each later one."""
    published_at: Annotated[datetime, Field(examples=["2026-02-20T06:00:00Z"])]
    """Time of publication."""
    note: Annotated[str | None, Field(examples=[None])]
    """Which data is missing; null if none."""
    sample: Annotated[bool, Field(examples=[False])]
    """Whether it is a sample edition from the starter library."""
    items: tuple[Item, ...]
    """In order of rank."""
