"""Parse the items of the Hugging Face daily papers and of the paper search."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from broadsheet.errors import SourceError
from broadsheet.model import Kind, Malformed, Paper, Signal, Submission
from broadsheet.rules.identity import parse_arxiv_id
from broadsheet.rules.normalize import make_paper
from broadsheet.sources.decoding import day_of, records, text_of

NAME = "hf"

_MAX_NAME_CHARS = 100
# The lists began in 2023; an earlier submission time is an error.
_EARLIEST = datetime(2023, 1, 1, tzinfo=UTC)
_MAX_COUNT = 10**9


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a list.

    Parameters
    ----------
    record : Paper or Malformed
        The paper.
    signals : tuple of Signal
        Upvotes, comments, and stars of its repository.
    day : date or None
        Day of the list that contains the item, if the item states it.
    item_day : date or None
        The item's own date; in lists before 2025, the day of the list.
    submission : Submission or None
        Submitter and time, if the item has both.
    """

    record: Paper | Malformed
    signals: tuple[Signal, ...]
    day: date | None
    item_day: date | None
    submission: Submission | None = None


def parse_list(payload: object, place: str, now: datetime) -> list[Entry]:
    """Parse the items of a list in any of the hub's formats since 2023.

    Parameters
    ----------
    payload : object
        Decoded JSON.
    place : str
        Name of the list, used in `Malformed.place`.
    now : datetime
        Time of the observation, aware UTC.

    Raises
    ------
    SourceError
        If the payload is not a list.
    """
    if not isinstance(payload, list):
        raise SourceError(
            f"{place} is not a list of papers: the next fetch retries it; if the error persists, "
            "the hub has changed its API"
        )
    items: list[object] = payload
    papers = records(((f"{place} item {n}", item) for n, item in enumerate(items, 1)), _paper)
    return [_entry(item, paper, now) for item, paper in zip(items, papers, strict=True)]


def _paper(raw: object) -> Paper:
    item, paper = _parts(raw)
    raw_id = text_of(paper.get("id"))
    if raw_id is None or parse_arxiv_id(raw_id) is None:
        raise ValueError("missing arXiv id")
    authors = paper.get("authors")
    return make_paper(
        title=text_of(paper.get("title")) or text_of(item.get("title")),
        abstract=text_of(paper.get("summary")) or text_of(item.get("summary")),
        authors=[_name(author) for author in authors] if isinstance(authors, list) else (),
        published=text_of(paper.get("publishedAt")),
        arxiv=raw_id,
        code_url=text_of(paper.get("githubRepo")),
        summary=text_of(paper.get("ai_summary")),
    )


def _entry(raw: object, record: Paper | Malformed, now: datetime) -> Entry:
    if isinstance(record, Malformed):
        return Entry(record, (), None, None)
    item, paper = _parts(raw)
    counts = {
        Kind.UPVOTES: paper.get("upvotes"),
        Kind.COMMENTS: item.get("numComments"),
        Kind.STARS: paper.get("githubStars"),
    }
    signals = tuple(
        Signal(record.id, kind, float(value), now, NAME)
        for kind, value in counts.items()
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT
    )
    submitted_at = text_of(paper.get("submittedOnDailyAt"))
    item_day = parse_day(text_of(item.get("publishedAt")), now)
    by = paper.get("submittedOnDailyBy") or item.get("submittedBy")
    submission = _submission(record.id, by, submitted_at, now)
    return Entry(record, signals, parse_day(submitted_at, now), item_day, submission)


def _submission(
    paper_id: str, submitter: object, submitted_at: str | None, now: datetime
) -> Submission | None:
    name = text_of(submitter.get("name")) if isinstance(submitter, dict) else None
    name = (name or "")[:_MAX_NAME_CHARS]
    try:
        at = datetime.fromisoformat(submitted_at or "")
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return Submission(paper_id, name, at, NAME) if name and _EARLIEST <= at <= now else None


def _parts(raw: object) -> tuple[dict[str, object], dict[str, object]]:
    """Return the item of the list and the paper within it."""
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    paper = raw.get("paper")
    if not isinstance(paper, dict):
        raise ValueError("missing paper")
    return raw, paper


def _name(author: object) -> str:
    if not isinstance(author, dict) or author.get("hidden") is True:
        return ""
    return text_of(author.get("name")) or ""


def parse_day(text: str | None, now: datetime) -> date | None:
    """Return the date part of an ISO 8601 time, or None if it is invalid or in the future."""
    day = day_of((text or "")[:10])
    return day if day and day <= now.date() else None
