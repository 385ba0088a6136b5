"""Citation: a paper as reference managers describe a work, independent of the format. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from broadsheet.model import Paper
from broadsheet.rules.tex import to_unicode
from broadsheet.web.addresses import doi_url, plain, web_link
from broadsheet.web.citations.names import Name, parse_name

_CONFERENCE = re.compile(
    r"\b(?:proceedings|proc\.|conference|conf\.|workshop|symposium|meeting of the association|"
    r"advances in neural information|lecture notes|(?:neurips|nips|icml|iclr|aaai|ijcai|cvpr|iccv|"
    r"eccv|wacv|bmvc|emnlp|naacl|eacl|coling|interspeech|icassp|sigir|kdd|chi|uist|corl|icra|iros|"
    r"aistats|colt|uai|miccai|findings of the acl|acl)\b(?:[\s']*\d{2,4})?$)",
    re.IGNORECASE,
)
_PREPRINT_SERVERS = {
    "arxiv": "arXiv",
    "biorxiv": "bioRxiv",
    "medrxiv": "medRxiv",
    "chemrxiv": "ChemRxiv",
    "ssrn": "SSRN",
    "research square": "Research Square",
}
# They say nothing about the subject at the start of a title.
_FUNCTION_WORDS = re.compile(
    "a|an|and|are|as|at|by|can|do|does|for|from|how|in|into|is|it|its|of|on|or|the|to|towards?|"
    "using|via|what|when|why|with"
)
# Letters that do not decompose into an ASCII letter and a mark.
_ASCII = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"}
)
_KEY_CHARS = 40
# More than the 5,154 authors of the longest list ever printed; a hostile record has 3,000,000.
_NAMES_CHARS = 100_000


class WorkType(StrEnum):
    """What a work is published as."""

    ARTICLE = "article"
    CONFERENCE = "conference paper"
    PREPRINT = "preprint"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Citation:
    """What the formats say about a work. All text is on one line.

    Parameters
    ----------
    key : str
        Such as ``vaswani2017attention``: lower-case ASCII letters and digits. It depends on the
        first author, the year and the title alone.
    work_type : WorkType
        What it is published as.
    title : str
        In Unicode.
    tex_title : str
        As the paper has it, perhaps with TeX.
    authors : tuple of Name
        In the order of the paper.
    date : tuple of int
        Year, month and day, as far as known; empty if the year is not known.
    venue : str or None
        Journal or proceedings; None for a preprint.
    publisher : str or None
        The preprint server.
    doi : str or None
        DOI of the version of record; for a preprint without one, that of the preprint.
    arxiv_id, subject : str or None
        arXiv id and primary category.
    url : str or None
        Address of the work.
    """

    key: str
    work_type: WorkType
    title: str
    tex_title: str
    authors: tuple[Name, ...]
    date: tuple[int, ...]
    venue: str | None
    publisher: str | None
    doi: str | None
    arxiv_id: str | None
    subject: str | None
    url: str | None

    @property
    def year(self) -> int | None:
        """The year of publication, or None."""
        return self.date[0] if self.date else None


def cite(paper: Paper) -> Citation:
    """Return the citation of a paper."""
    authors = tuple(parse_name(name) for text in _first_names(paper) if (name := _unicode(text)))
    title = _unicode(paper.title)
    date = _date(paper.published)
    venue = _unicode(paper.venue or "") or None
    server = _server(paper, venue)
    work_type = _work_type(venue, server)
    if work_type is WorkType.PREPRINT:
        venue = None
    doi = plain(paper.doi or "") or None
    if doi is None and paper.arxiv_id and work_type is WorkType.PREPRINT:
        doi = f"10.48550/arXiv.{paper.arxiv_id}"
    return Citation(
        key=_key(authors, date, title),
        work_type=work_type,
        title=title,
        tex_title=plain(paper.title),
        authors=authors,
        date=date,
        venue=venue,
        publisher=server if work_type is WorkType.PREPRINT else None,
        doi=doi,
        arxiv_id=paper.arxiv_id,
        subject=plain(paper.categories[0]) if paper.arxiv_id and paper.categories else None,
        url=_url(paper),
    )


def _first_names(paper: Paper) -> list[str]:
    chars = accumulate(map(len, paper.authors))
    return [name for name, end in zip(paper.authors, chars, strict=True) if end <= _NAMES_CHARS]


def _unicode(text: str) -> str:
    return plain(to_unicode(plain(text)))


def _url(paper: Paper) -> str | None:
    if paper.doi and not paper.arxiv_id:
        return doi_url(paper.doi)
    return web_link(plain(paper.link or ""))


def _server(paper: Paper, venue: str | None) -> str | None:
    named = (venue or "").lower().removesuffix(" preprint")
    for word, name in _PREPRINT_SERVERS.items():
        if named.startswith(word):
            return name
    return "arXiv" if paper.arxiv_id else None


def _work_type(venue: str | None, server: str | None) -> WorkType:
    if venue is None or (server is not None and venue.lower().startswith(server.lower())):
        return WorkType.PREPRINT if server else WorkType.OTHER
    return WorkType.CONFERENCE if _CONFERENCE.search(venue) else WorkType.ARTICLE


def _date(published: str | None) -> tuple[int, ...]:
    parts = (published or "").split("-")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()


def _key(authors: tuple[Name, ...], date: tuple[int, ...], title: str) -> str:
    words = [_ascii(word) for word in re.split(r"[^\w]+", title)]
    subject = next((word for word in words if word and not _FUNCTION_WORDS.fullmatch(word)), "")
    family = _ascii(authors[0].family) if authors else ""
    year = str(date[0]) if date else ""
    return f"{family[:_KEY_CHARS]}{year}{subject[:_KEY_CHARS]}" or "paper"


def _ascii(text: str) -> str:
    """Return the lower-case letters and digits of a text, without accents.

    Examples
    --------
    >>> _ascii("Gödel"), _ascii("Łukasiewicz"), _ascii("風")
    ('godel', 'lukasiewicz', '')
    """
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_ASCII))
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalnum())
