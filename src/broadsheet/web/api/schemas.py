"""The shapes of what the API answers, as OpenAPI describes them."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from broadsheet.model import Kind, Notice, Section, Span, Tier


class Shape(BaseModel):
    """The words below a field are its description."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Page(Shape):
    """A stretch of a list, and where it goes on."""

    after: Annotated[str | None, Field(examples=["2026-02-19.311"])]
    """What to ask with for those that come next; null at the end."""
    next: Annotated[str | None, Field(examples=["https://paper.example/api/v1/papers?after=…"])]
    """The address of those that come next; null at the end."""


class Links(Shape):
    """Where a paper is found."""

    api: Annotated[str, Field(examples=["https://paper.example/api/v1/papers/arxiv:2502.14802"])]
    """Here."""
    page: Annotated[str, Field(examples=["https://paper.example/papers/arxiv:2502.14802"])]
    """Its page in this newspaper."""
    work: Annotated[str | None, Field(examples=["https://arxiv.org/abs/2502.14802"])]
    """The work itself: at arXiv, by its DOI, or where a source says."""
    code: Annotated[str | None, Field(examples=["https://github.com/valley/kites"])] = None
    """Its code."""
    free: Annotated[str | None, Field(examples=["https://arxiv.org/pdf/2502.14802"])] = None
    """Where it can be read for free."""


class Brief(Shape):
    """What all papers are shown with."""

    id: Annotated[str, Field(examples=["arxiv:2502.14802"])]
    """Its id in this newspaper."""
    title: Annotated[str, Field(examples=["Measuring kites in the valley"])]
    """Plain text on one line; LaTeX is left in."""
    abstract: Annotated[str | None, Field(examples=["We study how kites change with the wind."])]
    """Plain text; null where no source gave one."""
    authors: Annotated[tuple[str, ...], Field(examples=[["Ada Windrow", "Bo Farol"]])]
    """Names in the order of the paper."""
    categories: Annotated[tuple[str, ...], Field(examples=[["cs.LG", "stat.ML"]])]
    """arXiv categories or keywords, the primary one first."""
    published: Annotated[str | None, Field(examples=["2026-02-20"])]
    """ISO date of day, month or year precision."""
    notice: Annotated[Notice | None, Field(examples=[None])]
    """The gravest that was said against it."""
    links: Links
    """Where it is found."""


class Paper(Brief):
    """One work, whatever number of sources told of it."""

    arxiv_id: Annotated[str | None, Field(examples=["2502.14802"])]
    """Without version."""
    doi: Annotated[str | None, Field(examples=["10.1000/kites"])]
    """In lower case."""
    ids: Annotated[tuple[str, ...], Field(examples=[["openalex:W2741809807"]])]
    """Its ids at OpenAlex, Semantic Scholar and the ACL Anthology."""
    version: Annotated[int | None, Field(examples=[2])]
    """The newest version told of."""
    venue: Annotated[str | None, Field(examples=["Journal of Kites"])]
    """Journal or conference."""
    comment: Annotated[str | None, Field(examples=["12 pages, 3 figures"])]
    """The authors' remark."""
    summary: Annotated[str | None, Field(examples=["Kites rise when the wind turns."])]
    """One sentence by others on what it says."""


class Submission(Shape):
    """Who put a paper forward first."""

    by: Annotated[str, Field(examples=["ada"])]
    """Their name there."""
    at: Annotated[datetime, Field(examples=["2026-02-20T08:12:00Z"])]
    """When."""
    source: Annotated[str, Field(examples=["hf"])]
    """Where."""


class WholePaper(Paper):
    """One paper, with all that is known of it."""

    references: Annotated[tuple[str, ...], Field(examples=[["arxiv:1706.03762"]])]
    """Ids of the works it cites; they may be of no paper here."""
    related: Annotated[tuple[str, ...], Field(examples=[["doi:10.1000/lanterns"]])]
    """Ids of works that a service holds to be near."""
    counts: Annotated[dict[Kind, float], Field(examples=[{"upvotes": 43, "stars": 1240}])]
    """The newest totals of attention; kinds without any are left out."""
    submission: Submission | None
    """Who put it forward; null where nobody did."""


class Papers(Page):
    """Papers by date, the newest first."""

    papers: tuple[Paper, ...]
    """Those of unknown date come last."""


class Observation(Shape):
    """What a source said of a paper at a moment."""

    kind: Annotated[Kind, Field(examples=["upvotes"])]
    """What was counted."""
    value: Annotated[float, Field(examples=[43])]
    """The total at that moment."""
    observed_at: Annotated[datetime, Field(examples=["2026-02-21T06:00:00Z"])]
    """When it was read."""
    source: Annotated[str, Field(examples=["hf"])]
    """Where it was read."""


class Signals(Page):
    """The attention that a paper got, in order of time."""

    id: Annotated[str, Field(examples=["arxiv:2502.14802"])]
    """The paper."""
    signals: tuple[Observation, ...]
    """Observations as they were made; none is ever overwritten."""


class Hit(Shape):
    """One result."""

    rank: Annotated[int, Field(examples=[1])]
    """Its place in the whole answer, from 1."""
    tier: Annotated[Tier, Field(examples=["match"])]
    """A match holds every word of the query; a neighbour is near in meaning."""
    score: Annotated[float, Field(examples=[0.91])]
    """Relevance from 0 to 1."""
    why: Annotated[str, Field(examples=["kites in the title"])]
    """The reason it is here."""
    paper: Paper
    """What was found."""


class Hits(Page):
    """A page of an answer."""

    query: Annotated[str, Field(examples=["kites"])]
    """What was asked."""
    total: Annotated[int, Field(examples=[174])]
    """How many hits the whole answer has."""
    matches: Annotated[int, Field(examples=[8])]
    """How many of them hold every word, or satisfy what else was asked for."""
    tiers: Annotated[bool, Field(examples=[True])]
    """Whether all matches come before all neighbours; a sentence gets one list by score."""
    note: Annotated[str | None, Field(examples=[None])]
    """What there is to know where the query was not read as written."""
    meant: Annotated[str | None, Field(examples=[None])]
    """Did you mean this? The hits are those of it, where no paper holds every word as written."""
    hits: tuple[Hit, ...]
    """In order of rank."""


class Trend(Shape):
    """A paper at its place among those that rise."""

    rank: Annotated[int, Field(examples=[1])]
    """Its place, from 1."""
    score: Annotated[float, Field(examples=[18.4])]
    """How much attention it gets now: 1 is what a paper that gets any usually has."""
    reason: Annotated[str, Field(examples=["+43 upvotes in 24 h, 2 days old"])]
    """What it gained."""
    paper: Paper
    """The paper."""


class Trends(Page):
    """The papers that rise, the steepest first."""

    trends: tuple[Trend, ...]
    """In order of rank."""


class EditionName(Shape):
    """An edition that was printed."""

    period: Annotated[str, Field(examples=["2026-02-20"])]
    """The day, ISO week or month it is for."""
    span: Annotated[Span, Field(examples=["day"])]
    """How long that is."""
    first: Annotated[date, Field(examples=["2026-02-20"])]
    """The first of its days."""
    last: Annotated[date, Field(examples=["2026-02-20"])]
    """The last of its days."""
    api: Annotated[str, Field(examples=["https://paper.example/api/v1/editions/2026-02-20"])]
    """Where it is read."""


class Editions(Page):
    """The editions of a span, the newest first."""

    editions: tuple[EditionName, ...]
    """Each at its newest printing."""


class Item(Brief):
    """One paper of an edition, as it read when the edition was printed."""

    rank: Annotated[int, Field(examples=[1])]
    """Its place in the edition, from 1."""
    section: Annotated[Section, Field(examples=["trending"])]
    """Whether attention brought it here, or it is new and was chosen by its text."""
    reason: Annotated[str, Field(examples=["+43 upvotes in 24 h, 2 days old"])]
    """Why it stands at this rank."""
    score: Annotated[float, Field(examples=[18.4])]
    """Its score then."""
    votes: Annotated[int, Field(examples=[7])]
    """Votes of readers here then."""
    picked: Annotated[bool, Field(examples=[False])]
    """Whether the editor put it here."""
    comment: Annotated[str | None, Field(examples=["Read the second figure first."])]
    """What the editor said of it."""


class Edition(EditionName):
    """The list for a day, a week or a month, frozen when it was printed."""

    revision: Annotated[int, Field(examples=[1])]
    """1 for the first printing, one more each time it was printed again."""
    published_at: Annotated[datetime, Field(examples=["2026-02-20T06:00:00Z"])]
    """When it was frozen."""
    note: Annotated[str | None, Field(examples=[None])]
    """What it lacks."""
    items: tuple[Item, ...]
    """In order of rank."""
