"""A citation as CSL-JSON, the input of citation processors. Pure."""

import orjson

from broadsheet.web.citations.citation import Citation, WorkType
from broadsheet.web.citations.names import Name

MEDIA_TYPE = "application/vnd.citationstyles.csl+json"

_TYPES = {
    WorkType.ARTICLE: "article-journal",
    WorkType.CONFERENCE: "paper-conference",
    WorkType.PREPRINT: "article",
    WorkType.OTHER: "document",
}


def write(citation: Citation) -> str:
    """Return a citation as a list of one item."""
    fields: dict[str, object] = {
        "id": citation.key,
        "type": _TYPES[citation.work_type],
        "title": citation.title,
        "author": [_name(name) for name in citation.authors],
        "issued": {"date-parts": [list(citation.date)]} if citation.date else None,
        "container-title": citation.venue,
        "publisher": citation.publisher,
        "number": f"arXiv:{citation.arxiv_id}" if citation.arxiv_id else None,
        "DOI": citation.doi,
        "URL": citation.url,
    }
    item = {name: value for name, value in fields.items() if value}
    return orjson.dumps([item], option=orjson.OPT_INDENT_2).decode() + "\n"


def _name(name: Name) -> dict[str, str]:
    if name.is_group:
        return {"literal": name.family}
    parts = {
        "family": name.family,
        "given": name.given,
        "non-dropping-particle": name.particle,
        "suffix": name.suffix,
    }
    return {part: text for part, text in parts.items() if text}
