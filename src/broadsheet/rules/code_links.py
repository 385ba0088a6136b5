"""Find the GitHub and Hugging Face repositories that a paper names."""

import re

from broadsheet.model import Paper

_MAX_OWNER_CHARS = 39
_MAX_NAME_CHARS = 100
_MAX_HUB_PART_CHARS = 96

_GITHUB = re.compile(
    r"(?<![\w.-])(?:www\.)?github\.com[/:]+([a-z0-9-]+)/+([\w.-]+)", re.IGNORECASE | re.ASCII
)
_HUB = re.compile(
    r"(?<![\w.-])(?:www\.)?(?:huggingface\.co|hf\.co)/+(?:(datasets|spaces)/+)?"
    r"([a-z0-9][\w.-]*)/+([a-z0-9_][\w.-]*)",
    re.IGNORECASE | re.ASCII,
)
_ESCAPE = re.compile(r"\{\\([_#%&-])\}|\\([_#%&-])")

# GitHub's own pages, whose paths look like the name of an owner.
_GITHUB_PAGES = """
about account apps blog careers codespaces collections contact copilot customer-stories dashboard
discussions enterprise enterprises events explore features gist gists issues join login logos
marketplace new nonprofit notifications organizations orgs pricing pulls readme repos resources
search security sessions settings signup site solutions sponsors stars team topics trending
user-attachments users watching
"""
_HUB_PAGES = """
about agents api avatars blog brand changelog chat collections course datasets docs enterprise
front inference inference-api inference-endpoints join jobs kernels languages learn login logout
metrics models new notifications oauth organizations papers posts pricing privacy search security
settings spaces storage subscribe support tasks terms-of-service transformers
"""
_HUB_SUBPAGES = """
activity articles collections datasets followers following likes members models papers posts
repos spaces
"""
_RESERVED_OWNERS = frozenset(_GITHUB_PAGES.split())
_RESERVED_NAMESPACES = frozenset(_HUB_PAGES.split())
_RESERVED_NAMES = frozenset(_HUB_SUBPAGES.split())


def github_repositories(paper: Paper) -> tuple[str, ...]:
    """Return the GitHub repositories that a paper names, that of its code URL first.

    Parameters
    ----------
    paper : Paper
        Its code URL, comment and abstract are searched in this order.

    Returns
    -------
    tuple of str
        ``owner/name`` as written, without duplicates that differ in case only.
    """
    found: dict[str, str] = {}
    for owner, raw_name in _GITHUB.findall(_text(paper)):
        name = _strip_git(raw_name)
        if name and len(name) <= _MAX_NAME_CHARS and _is_owner(owner):
            found.setdefault(f"{owner}/{name}".lower(), f"{owner}/{name}")
    return tuple(found.values())


def hub_repositories(paper: Paper) -> tuple[str, ...]:
    """Return the Hugging Face models, datasets and spaces that a paper names.

    Parameters
    ----------
    paper : Paper
        Its code URL, comment and abstract are searched in this order.

    Returns
    -------
    tuple of str
        ``models/namespace/name``, ``datasets/namespace/name`` or ``spaces/namespace/name`` as
        written, without duplicates that differ in case only.
    """
    found: dict[str, str] = {}
    for kind, namespace, raw_name in _HUB.findall(_text(paper)):
        name = raw_name.rstrip(".")
        if _is_hub_name(namespace, name):
            path = f"{kind.lower() or 'models'}/{namespace}/{name}"
            found.setdefault(path.lower(), path)
    return tuple(found.values())


def _text(paper: Paper) -> str:
    texts = (paper.code_url, paper.comment, paper.abstract)
    # Abstracts contain LaTeX, which escapes the underscore.
    return _ESCAPE.sub(r"\1\2", "\n".join(text for text in texts if text))


def _strip_git(name: str) -> str:
    bare = name.rstrip(".")
    return bare[: -len(".git")].rstrip(".") if bare.lower().endswith(".git") else bare


def _is_owner(owner: str) -> bool:
    is_invalid = owner.startswith("-") or "--" in owner or owner.lower() in _RESERVED_OWNERS
    return not is_invalid and len(owner) <= _MAX_OWNER_CHARS


def _is_hub_name(namespace: str, name: str) -> bool:
    if namespace.lower() in _RESERVED_NAMESPACES or name.lower() in _RESERVED_NAMES:
        return False
    parts = (namespace, name)
    return bool(name) and not any(
        "--" in part or ".." in part or len(part) > _MAX_HUB_PART_CHARS for part in parts
    )
