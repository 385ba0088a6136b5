"""A citation as RIS, written with rispy. Pure."""

import rispy
from rispy.writer import RisWriter

from broadsheet.web.citations.citation import Citation, WorkType

MEDIA_TYPE = "application/x-research-info-systems"

_TYPES = {
    WorkType.ARTICLE: "JOUR",
    WorkType.CONFERENCE: "CPAPER",
    WorkType.PREPRINT: "UNPB",
    WorkType.OTHER: "GEN",
}


class _Writer(RisWriter):  # type: ignore[misc]
    NEWLINE = "\r\n"

    def set_header(self, count: int) -> str:
        return ""


def write(citation: Citation) -> str:
    """Return a citation as one record."""
    date = "/".join(f"{part:02}" for part in citation.date)
    fields: dict[str, object] = {
        "type_of_reference": _TYPES[citation.work_type],
        "authors": [name.family_first for name in citation.authors],
        "title": citation.title,
        "secondary_title": citation.venue,
        "publisher": citation.publisher,
        "year": str(citation.year) if citation.year else None,
        # Three slashes separate year, month, day and a remark.
        "date": date + "/" * (4 - len(citation.date)) if date else None,
        "doi": citation.doi,
        "accession_number": f"arXiv:{citation.arxiv_id}" if citation.arxiv_id else None,
        "urls": [citation.url] if citation.url else None,
    }
    record = {name: value for name, value in fields.items() if value}
    # Without this, rispy joins addresses by semicolons, which may be part of one.
    return str(rispy.dumps([record], implementation=_Writer, delimiter_tags_mapping={}))
