"""Works as OpenAlex tells of them."""

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

_ABSTRACT_WORDS, _WORD_CHARS = 10_000, 200
_LOCATIONS, _AUTHORS = 100, 10_000
_MOST_CITATIONS = 10**9


@dataclass(frozen=True, slots=True)
class Work:
    """A work as OpenAlex tells of it.

    Parameters
    ----------
    place : str
        Where it stood.
    paper : Paper
        The work.
    citations : int or None
        How many works cite it.
    day : date or None
        The day it came out; the first of January where OpenAlex knows the year only.
    """

    place: str
    paper: Paper
    citations: int | None
    day: date | None


@dataclass(frozen=True, slots=True)
class Page:
    """One reply.

    Parameters
    ----------
    records : list of Work or Malformed
        In the order of the reply.
    token : str or None
        What brings the next page.
    """

    records: list[Work | Malformed]
    token: str | None


def read_page(reply: Reply, place: str) -> Page:
    """Read a page of works, or a single work.

    Parameters
    ----------
    reply : Reply
        To a question for works.
    place : str
        What the page is called.

    Raises
    ------
    SourceError
        Where it is neither.
    """
    told = _part(reply.json())
    single = told.get("results") is None and text_of(told.get("id")) is not None
    results = [told] if single else told.get("results")
    if not isinstance(results, list):
        raise SourceError(f"{reply.address} gave no list of works: it is tried again later")
    read: list[Work | Malformed] = []
    for number, raw in enumerate(results[:PAGE_WORKS], 1):
        where = f"{place} work {number}"
        try:
            read.append(_work(raw, where))
        except ValueError as error:
            read.append(Malformed(where, str(error)))
    return Page(read, text_of(_part(told.get("meta")).get("next_cursor")) or None)


def _work(raw: object, place: str) -> Work:
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    count = raw.get("cited_by_count")
    counted = type(count) is int and 0 <= count <= _MOST_CITATIONS
    return Work(
        place, _paper(raw), count if counted else None, day_of(text_of(raw.get("publication_date")))
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
        # arXiv's own categories say more.
        categories=() if arxiv else _topics(raw.get("topics")),
        # OpenAlex writes the first of January where it knows the year only.
        published=day.removesuffix("-01-01") if day else None,
        arxiv=arxiv,
        doi=doi,
        venue=_venue(_part(_part(raw.get("primary_location")).get("source"))),
        ids=[*texts_of(raw.get("id")), *addresses],
        notice=Notice.RETRACTED if raw.get("is_retracted") is True else None,
        open_url=text_of(_part(raw.get("best_oa_location")).get("pdf_url"))
        or text_of(_part(raw.get("open_access")).get("oa_url")),
        references=texts_of(raw.get("referenced_works")),
        related=texts_of(raw.get("related_works")),
    )


def _addresses(raw: dict[str, object]) -> list[str]:
    """List where the work stands, arXiv among others, and its ids elsewhere."""
    locations = raw.get("locations")
    told = locations[:_LOCATIONS] if isinstance(locations, list) else []
    pages = [
        _part(one).get(key)
        for one in (raw.get("primary_location"), *told)
        for key in ("landing_page_url", "pdf_url")
    ]
    return [one for one in (*_part(raw.get("ids")).values(), *pages) if isinstance(one, str)]


def _abstract(index: object) -> str | None:
    """Put the words of an inverted index, each with its places in the text, in their order."""
    words: dict[int, str] = {}
    for word, places in _part(index).items():
        for place in places if isinstance(places, list) else ():
            if type(place) is int and 0 <= place < _ABSTRACT_WORDS:
                words[place] = word[:_WORD_CHARS]
    return " ".join(words[place] for place in sorted(words)) or None


def _authors(authorships: object) -> list[str]:
    told = authorships[:_AUTHORS] if isinstance(authorships, list) else []
    return [
        text_of(_part(_part(one).get("author")).get("display_name"))
        or text_of(_part(one).get("raw_author_name"))
        or ""
        for one in told
    ]


def _topics(topics: object) -> list[str]:
    told = topics if isinstance(topics, list) else []
    return [text_of(_part(one).get("display_name")) or "" for one in told]


def _venue(source: dict[str, object]) -> str | None:
    name = text_of(source.get("display_name")) or ""
    # What a repository keeps was not printed there.
    kept = source.get("type") == "repository" or name.casefold().startswith("arxiv")
    return None if kept else plain_text(name) or None


def _part(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
