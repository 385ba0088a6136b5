"""Serialize papers, hits, signals, trends and editions for the API: pure."""

from collections.abc import Mapping

from broadsheet import model
from broadsheet.model import Kind
from broadsheet.rules.artifacts import Artifact, artifact_of
from broadsheet.rules.contribution import contribution
from broadsheet.web.addresses import paper_path, quoted_id, web_link
from broadsheet.web.api.schemas import (
    Count,
    Edition,
    EditionName,
    Hit,
    Item,
    Links,
    Observation,
    Paper,
    Submission,
    Trend,
    WholePaper,
)


def paper_of(found: model.Paper, base_url: str) -> Paper:
    """Return a paper."""
    return Paper(
        id=found.id,
        title=found.title,
        abstract=found.abstract,
        authors=found.authors,
        categories=found.categories,
        published=found.published,
        contribution=_contribution(found),
        notice=found.notice,
        links=_links(found.id, base_url, found.link, found.code_url, found.open_url),
        arxiv_id=found.arxiv_id,
        doi=found.doi,
        ids=found.ids,
        version=found.version,
        venue=found.venue,
        comment=found.comment,
        summary=found.summary,
    )


def whole_paper(
    found: model.Paper,
    base_url: str,
    counts: Mapping[Kind, float],
    submission: model.Submission | None,
) -> WholePaper:
    """Return a paper with its references, totals and submission."""
    return WholePaper(
        **dict(paper_of(found, base_url)),
        references=found.references,
        related=found.related,
        counts=dict(sorted(counts.items())),
        submission=_submission_of(submission) if submission is not None else None,
    )


def observation_of(signal: model.Signal) -> Observation:
    """Return a signal."""
    return Observation(
        kind=signal.kind,
        value=signal.value,
        observed_at=signal.observed_at,
        source=signal.source,
    )


def hit_of(hit: model.Hit, base_url: str) -> Hit:
    """Return a search result."""
    return Hit(
        rank=hit.rank,
        tier=hit.tier,
        score=round(hit.score, 6),
        why=hit.reason,
        paper=paper_of(hit.paper, base_url),
    )


def trend_of(trend: model.Trend, base_url: str) -> Trend:
    """Return a trending paper."""
    return Trend(
        rank=trend.rank,
        score=round(trend.score, 6),
        reason=trend.reason,
        attention=_counts(trend.attention),
        placing=trend.placing,
        paper=paper_of(trend.paper, base_url),
    )


def edition_name(period: model.Period, base_url: str) -> EditionName:
    """Return an edition without its papers."""
    return EditionName(
        period=str(period),
        span=period.span,
        first=period.first,
        last=period.last,
        api=f"{base_url}/api/v1/editions/{period}",
    )


def edition_of(edition: model.Edition, base_url: str) -> Edition:
    """Return an edition with its papers."""
    return Edition(
        **dict(edition_name(edition.period, base_url)),
        revision=edition.revision,
        published_at=edition.published_at,
        note=edition.note,
        sample=edition.is_sample,
        items=tuple(_item_of(item, base_url) for item in edition.items),
    )


def _submission_of(submission: model.Submission) -> Submission:
    return Submission(by=submission.by, at=submission.submitted_at, source=submission.source)


def _item_of(item: model.EditionItem, base_url: str) -> Item:
    return Item(
        id=item.paper_id,
        title=item.title,
        abstract=item.abstract,
        authors=item.authors,
        categories=item.categories,
        published=item.published,
        contribution=_contribution(item),
        notice=item.notice,
        links=_links(item.paper_id, base_url, item.link, _code_of(item)),
        rank=item.rank,
        section=item.section,
        reason=item.reason,
        attention=_counts(item.attention),
        placing=item.placing,
        score=round(item.score, 6),
        votes=item.votes,
        picked=item.picked,
        comment=item.comment,
    )


def _contribution(work: model.Paper | model.EditionItem) -> str | None:
    return work.summary or contribution(work.abstract or "") or None


def _counts(attention: model.Attention | None) -> tuple[Count, ...]:
    return tuple(
        Count(
            kind=one.kind, total=one.total, gained=one.gained, since=one.since, sources=one.places
        )
        for one in (attention.counts if attention else ())
    )


def _code_of(item: model.EditionItem) -> str | None:
    return next((url for url in item.artifacts if artifact_of(url) is Artifact.CODE), None)


def _links(
    paper_id: str,
    base_url: str,
    work: str | None,
    code: str | None = None,
    free: str | None = None,
) -> Links:
    return Links(
        api=f"{base_url}/api/v1/papers/{quoted_id(paper_id)}",
        page=f"{base_url}{paper_path(paper_id)}",
        work=web_link(work),
        code=web_link(code),
        free=web_link(free),
    )
