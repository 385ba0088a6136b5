"""Parse works returned by OpenAlex, https://docs.openalex.org/api-entities/works."""

from dataclasses import dataclass
from datetime import date

from broadsheet.errors import SourceError
from broadsheet.http.reply import Reply
from broadsheet.model import Malformed, Notice, Paper
from broadsheet.rules.identity import parse_arxiv_id
from broadsheet.rules.normalize import make_paper
from broadsheet.sources.csl_json import plain_text
from broadsheet.sources.decoding import day_of, text_of, texts_of

PAGE_WORKS = 100

_MAX_ABSTRACT_WORDS, _MAX_WORD_CHARS = 10_000, 200
_MAX_LOCATIONS, _MAX_AUTHORS = 100, 10_000
_MAX_CITATIONS = 10**9


@dataclass(frozen=True, slots=True)
class Work:
    """One work.

    Parameters
    ----------
    place : str
        Page and position of the work, used in `Malformed.place`.
    paper : Paper
        The work.
    citations : int or None
        Number of works that cite it.
    day : date or None
        Publication date. OpenAlex returns 1 January if only the year is known.
    """

    place: str
    paper: Paper
    citations: int | None
    day: date | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of works.

    Parameters
    ----------
    records : list of Work or Malformed
        In the order of the reply.
    token : str or None
        Cursor of the next page; None on the last page.
    """

    records: list[Work | Malformed]
    token: str | None


def parse_page(reply: Reply, place: str) -> Page:
    """Parse a page of works, or one work.

    Parameters
    ----------
    reply : Reply
        Reply to a request for works.
    place : str
        Name of the page, used in `Malformed.place`.

    Raises
    ------
    SourceError
        If the reply contains neither.
    """
    payload = _object(reply.json())
    is_single = payload.get("results") is None and text_of(payload.get("id")) is not None
    results = [payload] if is_single else payload.get("results")
    if not isinstance(results, list):
        raise SourceError(f"{reply.address} returned no list of works: the next fetch retries it")
    works: list[Work | Malformed] = []
    for number, raw in enumerate(results[:PAGE_WORKS], 1):
        work_place = f"{place} work {number}"
        try:
            works.append(_work(raw, work_place))
        except ValueError as error:
            works.append(Malformed(work_place, str(error)))
    return Page(works, text_of(_object(payload.get("meta")).get("next_cursor")) or None)


def _work(raw: object, place: str) -> Work:
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    count = raw.get("cited_by_count")
    is_valid = type(count) is int and 0 <= count <= _MAX_CITATIONS
    return Work(
        place,
        _paper(raw),
        count if is_valid else None,
        day_of(text_of(raw.get("publication_date"))),
    )


def _paper(raw: dict[str, object]) -> Paper:
    doi = text_of(raw.get("doi"))
    addresses = _addresses(raw)
    arxiv = next(
        (found for one in (doi, *addresses) if one and (found := parse_arxiv_id(one))), None
    )
    day = text_of(raw.get("publication_date"))
    return make_paper(
        title=plain_text(text_of(raw.get("title")) or text_of(raw.get("display_name"))),
        abstract=plain_text(_abstract(raw.get("abstract_inverted_index"))),
        authors=_authors(raw.get("authorships")),
        # arXiv's categories are more specific.
        categories=() if arxiv else _topics(raw.get("topics")),
        # OpenAlex returns 1 January if only the year is known.
        published=day.removesuffix("-01-01") if day else None,
        arxiv=arxiv,
        doi=doi,
        venue=_venue(_object(_object(raw.get("primary_location")).get("source"))),
        ids=[*texts_of(raw.get("id")), *addresses],
        notice=Notice.RETRACTED if raw.get("is_retracted") is True else None,
        open_url=text_of(_object(raw.get("best_oa_location")).get("pdf_url"))
        or text_of(_object(raw.get("open_access")).get("oa_url")),
        references=texts_of(raw.get("referenced_works")),
        related=texts_of(raw.get("related_works")),
    )


def _addresses(raw: dict[str, object]) -> list[str]:
    """Return the URLs of the work and its ids in other services."""
    locations = raw.get("locations")
    others = locations[:_MAX_LOCATIONS] if isinstance(locations, list) else []
    pages = [
        _object(location).get(key)
        for location in (raw.get("primary_location"), *others)
        for key in ("landing_page_url", "pdf_url")
    ]
    ids = _object(raw.get("ids")).values()
    return [text for text in (*ids, *pages) if isinstance(text, str)]


def _abstract(index: object) -> str | None:
    """Convert an inverted index, which maps words to their positions, to text."""
    words: dict[int, str] = {}
    for word, positions in _object(index).items():
        for position in positions if isinstance(positions, list) else ():
            if type(position) is int and 0 <= position < _MAX_ABSTRACT_WORDS:
                words[position] = word[:_MAX_WORD_CHARS]
    return " ".join(words[position] for position in sorted(words)) or None


def _authors(authorships: object) -> list[str]:
    items = authorships[:_MAX_AUTHORS] if isinstance(authorships, list) else []
    return [
        text_of(_object(_object(item).get("author")).get("display_name"))
        or text_of(_object(item).get("raw_author_name"))
        or ""
        for item in items
    ]


def _topics(topics: object) -> list[str]:
    items = topics if isinstance(topics, list) else []
    return [text_of(_object(item).get("display_name")) or "" for item in items]


def _venue(source: dict[str, object]) -> str | None:
    name = text_of(source.get("display_name")) or ""
    # A repository is not a venue.
    is_repository = source.get("type") == "repository" or name.casefold().startswith("arxiv")
    return None if is_repository else plain_text(name) or None


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
