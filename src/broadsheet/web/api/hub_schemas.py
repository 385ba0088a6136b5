"""How papers read in the hub's API: its names, its wrapping, its way to write a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from broadsheet.model import Kind, Paper, Submission
from broadsheet.rules.dates import first_day
from broadsheet.web.addresses import web_link
from broadsheet.web.calendar import iso_date


def moment(at: datetime) -> str:
    """Write a moment as the hub does.

    Examples
    --------
    >>> moment(datetime(2026, 2, 20, 9, tzinfo=UTC))
    '2026-02-20T09:00:00.000Z'
    """
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(moment, return_type=str)]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(serialization_alias=to_camel))


class HubUser(_Wire):
    """Who put a paper forward; the hub's own lists call the same name `user` and `name`."""

    user: str
    name: str
    fullname: str


class HubAuthor(_Wire):
    """One author."""

    name: str


class HubPaper(_Wire):
    """What a paper says of itself, and the attention it got."""

    id: str = Field(description="The bare arXiv id, else the id it has in this library.")
    authors: tuple[HubAuthor, ...]
    published_at: Moment | None
    title: str
    summary: str = Field(description="The abstract; empty where none is known.")
    upvotes: int = Field(description="Upvotes on the hub and votes of readers here.")
    submitted_on_daily_at: Moment | None
    submitted_on_daily_by: HubUser | None
    github_repo: str | None
    github_stars: int | None
    ai_summary: str | None = Field(serialization_alias="ai_summary")


class HubPaperAlone(HubPaper):
    """A paper that was asked for by its id."""

    num_comments: int


class HubItem(_Wire):
    """A paper in a list; huggingface_hub reads some of its fields out here only."""

    paper: HubPaper
    published_at: Moment | None = Field(description="The day of the edition that it stood in.")
    title: str
    summary: str
    num_comments: int
    submitted_by: HubUser | None
    github_repo: str | None
    github_stars: int | None
    ai_summary: str | None = Field(serialization_alias="ai_summary")


@dataclass(frozen=True, slots=True)
class Listed:
    """A paper in a list.

    Parameters
    ----------
    paper : Paper
        As it is now.
    day : date or None
        The day of the edition that it stands in; None outside of one.
    score : float
        As in :class:`broadsheet.model.trend.Trend`.
    """

    paper: Paper
    day: date | None = None
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Attention:
    """What came of a paper.

    Parameters
    ----------
    counts : mapping of Kind to float
        The newest totals.
    votes : int
        Votes of readers here.
    submission : Submission or None
        Who put it forward.
    """

    counts: Mapping[Kind, float]
    votes: int
    submission: Submission | None


def paper_alone(paper: Paper, attention: Attention) -> HubPaperAlone:
    """Shape one paper that stands alone."""
    return _paper(Listed(paper), attention)


def list_item(listed: Listed, attention: Attention) -> HubItem:
    """Shape one paper of a list."""
    paper = _paper(listed, attention)
    return HubItem(
        # As the type says and no more: what counts the comments stands outside.
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
    paper, put_forward = listed.paper, attention.submission
    dated = iso_date(paper.published or "")
    stars = attention.counts.get(Kind.STARS)
    return HubPaperAlone(
        id=paper.arxiv_id or paper.id,
        authors=tuple(HubAuthor(name=name) for name in paper.authors),
        published_at=_midnight(first_day(dated)) if dated else None,
        title=paper.title,
        summary=paper.abstract or "",
        upvotes=round(attention.counts.get(Kind.UPVOTES, 0)) + attention.votes,
        submitted_on_daily_at=put_forward.submitted_at if put_forward else _midnight(listed.day),
        submitted_on_daily_by=_user(put_forward.by) if put_forward else None,
        github_repo=web_link(paper.code_url),
        github_stars=None if stars is None else round(stars),
        ai_summary=paper.summary,
        num_comments=round(attention.counts.get(Kind.COMMENTS, 0)),
    )


def _user(name: str) -> HubUser:
    return HubUser(user=name, name=name, fullname=name)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
