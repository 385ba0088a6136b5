"""Where a paper can be read: its PDF and other pages about it. Pure."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from broadsheet.model import Paper
from broadsheet.rules.identity import find_acl_id
from broadsheet.web.addresses import doi_url, link_name, web_link

# arXiv makes HTML of the papers it receives since December 2023, ar5iv of earlier ones.
_FIRST_WITH_HTML = "2312"
_NEW_ID = re.compile(r"(\d{4})\.\d{4,5}")


class FullText(NamedTuple):
    """One place outside this site.

    Parameters
    ----------
    label : str
        Text of the link.
    url : str
        An http(s) address.
    is_pdf : bool
        Whether the address is that of a PDF.
    """

    label: str
    url: str
    is_pdf: bool = False


def full_texts(paper: Paper, *, on_hub: bool) -> list[FullText]:
    """List the places where a paper can be read, the PDF first; no address twice.

    Parameters
    ----------
    paper : Paper
        The paper.
    on_hub : bool
        Whether the Hugging Face Hub has a page about it.
    """
    listed: dict[str, FullText] = {}
    for each in _places(paper, on_hub):
        listed.setdefault(each.url, each)
    return list(listed.values())


def _places(paper: Paper, on_hub: bool) -> Iterator[FullText]:
    if paper.arxiv_id:
        yield from _arxiv(paper.arxiv_id)
    acl_id = find_acl_id(paper.ids)
    if acl_id:
        address = f"https://aclanthology.org/{acl_id.removeprefix('acl:')}"
        yield FullText("PDF" if not paper.arxiv_id else "PDF at ACL", f"{address}.pdf", is_pdf=True)
        yield FullText("ACL Anthology", f"{address}/")
    if paper.doi:
        yield FullText("Publisher", doi_url(paper.doi))
    if link := None if paper.arxiv_id or paper.doi else web_link(paper.url):
        yield FullText(f"Read at {link_name(link)}", link, is_pdf=link.lower().endswith(".pdf"))
    if free := web_link(paper.open_url):
        yield FullText(
            f"Free copy at {link_name(free)}", free, is_pdf=free.lower().endswith(".pdf")
        )
    if paper.arxiv_id:
        if on_hub:
            yield FullText("Hugging Face", f"https://huggingface.co/papers/{paper.arxiv_id}")
        yield FullText("alphaXiv", f"https://www.alphaxiv.org/abs/{paper.arxiv_id}")
    if code := web_link(paper.code_url):
        yield FullText(f"Code at {link_name(code)}", code)


def _arxiv(arxiv_id: str) -> Iterator[FullText]:
    yield FullText("PDF", f"https://arxiv.org/pdf/{arxiv_id}", is_pdf=True)
    found = _NEW_ID.fullmatch(arxiv_id)
    is_recent = found is not None and found[1] >= _FIRST_WITH_HTML
    host = "arxiv.org" if is_recent else "ar5iv.labs.arxiv.org"
    yield FullText("HTML", f"https://{host}/html/{arxiv_id}")
    yield FullText("arXiv", f"https://arxiv.org/abs/{arxiv_id}")
