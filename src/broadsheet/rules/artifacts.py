"""The code, data and models of a paper, as far as the library knows their addresses."""

import re
from enum import StrEnum

from broadsheet.model import Paper
from broadsheet.rules.code_links import github_repositories, hub_repositories

_ZENODO = re.compile(
    r"(?:zenodo\.org/records?/|10\.5281/zenodo\.)([0-9]{3,12})(?![0-9])", re.ASCII | re.IGNORECASE
)
_DATA = re.compile(
    r"https?://(?:www\.)?(?:(?:huggingface\.co|hf\.co)/datasets/|zenodo\.org/|doi\.org/10\.5281/)",
    re.IGNORECASE,
)
_MODEL = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?!spaces/)", re.IGNORECASE)


class Artifact(StrEnum):
    """What an address of a paper leads to."""

    CODE = "code"
    DATA = "data"
    MODEL = "model"


def artifact_urls(paper: Paper) -> tuple[str, ...]:
    """Return the addresses of a paper's code, data and models, one of each.

    Parameters
    ----------
    paper : Paper
        Its code URL, comment and abstract are searched.

    Examples
    --------
    >>> paper = Paper("hash:1", "Kites", "See github.com/valley/kites and hf.co/datasets/valley/w.")
    >>> artifact_urls(paper)
    ('https://github.com/valley/kites', 'https://huggingface.co/datasets/valley/w')
    """
    urls = [paper.code_url] if paper.code_url else []
    text = f"{paper.comment or ''} {paper.abstract or ''}"
    # Each expression takes ten times longer than the look for its host.
    lower = text.lower()
    if "github" in lower:
        urls += [f"https://github.com/{name}" for name in github_repositories(paper)]
    if "huggingface" in lower or "hf.co" in lower:
        urls += [
            f"https://huggingface.co/{path.removeprefix('models/')}"
            for path in hub_repositories(paper)
            if not path.startswith("spaces/")
        ]
    if "zenodo" in lower:
        urls += [f"https://zenodo.org/records/{number}" for number in _ZENODO.findall(text)]
    first: dict[Artifact, str] = {}
    for url in urls:
        first.setdefault(artifact_of(url), url)
    return tuple(first[kind] for kind in Artifact if kind in first)


def artifact_of(url: str) -> Artifact:
    """Return what an address leads to; an unknown place is code.

    Examples
    --------
    >>> artifact_of("https://huggingface.co/valley/kites-7b")
    <Artifact.MODEL: 'model'>
    """
    if _DATA.match(url):
        return Artifact.DATA
    return Artifact.MODEL if _MODEL.match(url) else Artifact.CODE
