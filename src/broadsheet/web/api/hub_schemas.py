"""Schemas of the hub's papers API, with its names, nesting and time format."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import (
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from broadsheet.model import Kind, Paper, Submission
from broadsheet.rules.dates import first_day
from broadsheet.web.addresses import web_link
from broadsheet.web.calendar import iso_date


def hub_time(at: datetime) -> str:
    """Return a time in the hub's format.

    Examples
    --------
    >>> hub_time(datetime(2026, 2, 20, 9, tzinfo=UTC))
    '2026-02-20T09:00:00.000Z'
    """
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime,
    PlainSerializer(hub_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
# No value, for a field or parameter that is left out and never null.
Absent = SkipJsonSchema[None]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(serialization_alias=to_camel))


class HubUser(_Wire):
    """A submitter; the hub repeats the same name as `user` and `name`."""

    user: str
    name: str
    fullname: str


class HubAuthor(_Wire):
    """One author."""

    name: str


class HubPaper(_Wire):
    """A paper with its totals of attention."""

    id: str = Field(description="arXiv id without prefix, else the id in this library.")
    authors: tuple[HubAuthor, ...]
    published_at: Moment | Absent = None
    title: str
    summary: str = Field(description="Abstract; empty if there is none.")
    upvotes: int = Field(description="Upvotes on the hub plus votes of this site's readers.")
    submitted_on_daily_at: Moment | Absent = None
    submitted_on_daily_by: HubUser | Absent = None
    github_repo: str | Absent = None
    github_stars: int | Absent = None
    ai_summary: str | Absent = Field(None, serialization_alias="ai_summary")


class HubPaperAlone(HubPaper):
    """A paper requested by its id."""

    num_comments: int


class HubItem(_Wire):
    """A paper in a list; `huggingface_hub` reads some fields at this level only."""

    paper: HubPaper
    published_at: Moment | Absent = Field(None, description="Day of its edition.")
    title: str
    summary: str
    num_comments: int
    submitted_by: HubUser | Absent = None
    github_repo: str | Absent = None
    github_stars: int | Absent = None
    ai_summary: str | Absent = Field(None, serialization_alias="ai_summary")


@dataclass(frozen=True, slots=True)
class Listed:
    """A paper in a list.

    Parameters
    ----------
    paper : Paper
        Current version.
    day : date or None
        Day of its edition; None outside of an edition.
    score : float
        As in :class:`broadsheet.model.trend.Trend`.
    """

    paper: Paper
    day: date | None = None
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Attention:
    """Attention of a paper.

    Parameters
    ----------
    counts : mapping of Kind to float
        Current totals.
    votes : int
        Votes of this site's readers.
    submission : Submission or None
        First submission.
    """

    counts: Mapping[Kind, float]
    votes: int
    submission: Submission | None


def paper_alone(paper: Paper, attention: Attention) -> HubPaperAlone:
    """Return one paper requested by its id."""
    return _paper(Listed(paper), attention)


def list_item(listed: Listed, attention: Attention) -> HubItem:
    """Return one paper of a list."""
    paper = _paper(listed, attention)
    return HubItem(
        # Without the fields of HubPaperAlone: the number of comments is one level up.
        paper=HubPaper(**{name: getattr(paper, name) for name in HubPaper.model_fields}),
        published_at=_midnight(listed.day) or paper.submitted_on_daily_at or paper.published_at,
        title=paper.title,
        summary=paper.summary,
        num_comments=paper.num_comments,
        submitted_by=paper.submitted_on_daily_by,
        github_repo=paper.github_repo,
        github_stars=paper.github_stars,
        ai_summary=paper.ai_summary,
    )


def _paper(listed: Listed, attention: Attention) -> HubPaperAlone:
    paper, submission = listed.paper, attention.submission
    dated = iso_date(paper.published or "")
    stars = attention.counts.get(Kind.STARS)
    return HubPaperAlone(
        id=paper.arxiv_id or paper.id,
        authors=tuple(HubAuthor(name=name) for name in paper.authors),
        published_at=_midnight(first_day(dated)) if dated else None,
        title=paper.title,
        summary=paper.abstract or "",
        upvotes=round(attention.counts.get(Kind.UPVOTES, 0)) + attention.votes,
        submitted_on_daily_at=submission.submitted_at if submission else _midnight(listed.day),
        submitted_on_daily_by=_user(submission.by) if submission else None,
        github_repo=web_link(paper.code_url),
        github_stars=None if stars is None else round(stars),
        ai_summary=paper.summary,
        num_comments=round(attention.counts.get(Kind.COMMENTS, 0)),
    )


def _user(name: str) -> HubUser:
    return HubUser(user=name, name=name, fullname=name)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
