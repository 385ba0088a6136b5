"""The citation of a paper as a file for reference managers."""

from collections.abc import Callable
from functools import partial

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse, Response

from broadsheet.web.addresses import paper_path
from broadsheet.web.citations import bibtex, csl_json, ris
from broadsheet.web.citations.citation import Citation, cite
from broadsheet.web.dependencies import NO_PAPER, TheLibrary, find_paper

router = APIRouter(include_in_schema=False)
_file = partial(router.api_route, methods=["GET", "HEAD"])


@_file("/papers/{paper_id:path}.bib")
def as_bibtex(library: TheLibrary, paper_id: str) -> Response:
    """Return the citation of a paper as BibTeX."""
    return _response(library, paper_id, ".bib", bibtex.write, bibtex.MEDIA_TYPE)


@_file("/papers/{paper_id:path}.ris")
def as_ris(library: TheLibrary, paper_id: str) -> Response:
    """Return the citation of a paper as RIS."""
    return _response(library, paper_id, ".ris", ris.write, ris.MEDIA_TYPE)


@_file("/papers/{paper_id:path}.csl.json")
def as_csl_json(library: TheLibrary, paper_id: str) -> Response:
    """Return the citation of a paper as CSL-JSON."""
    return _response(library, paper_id, ".csl.json", csl_json.write, csl_json.MEDIA_TYPE)


def _response(
    library: TheLibrary,
    paper_id: str,
    extension: str,
    write: Callable[[Citation], str],
    media_type: str,
) -> Response:
    found = find_paper(library, paper_id)
    if found is None:
        # A DOI may end like a file; the address of its page differs, but people type this one.
        found = find_paper(library, f"{paper_id}{extension}")
        if found is None:
            raise HTTPException(404, NO_PAPER)
        return RedirectResponse(paper_path(found.id), 308)
    citation = cite(found)
    return Response(
        # A paper's text may contain a lone surrogate, which UTF-8 cannot encode.
        write(citation).encode("utf-8", "replace"),
        media_type=f"{media_type}; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{citation.key}{extension}"',
            "Cache-Control": "public, no-cache",
        },
    )
