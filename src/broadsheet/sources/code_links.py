"""Which repositories a paper names, and how what is told of each becomes attention."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from broadsheet.model import Kind, Malformed, Paper, Signal
from broadsheet.sources.source import Asked, Batch

# One paper cannot make the rest wait by naming a catalogue.
_ASKED_A_PAPER = 5
_OWNER_CHARS = 39
_NAME_CHARS = 100
_HUB_NAME_CHARS = 96

_GITHUB = re.compile(
    r"(?<![\w.-])(?:www\.)?github\.com[/:]+([a-z0-9-]+)/+([\w.-]+)", re.IGNORECASE | re.ASCII
)
_HUB = re.compile(
    r"(?<![\w.-])(?:www\.)?(?:huggingface\.co|hf\.co)/+(?:(datasets|spaces)/+)?"
    r"([a-z0-9][\w.-]*)/+([a-z0-9_][\w.-]*)",
    re.IGNORECASE | re.ASCII,
)
_ESCAPE = re.compile(r"\{\\([_#%&-])\}|\\([_#%&-])")

# What GitHub shows of its own where the name of an owner would stand.
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
_PARTS_OF_HUB_PAGES = """
activity articles collections datasets followers following likes members models papers posts
repos spaces
"""
_NO_OWNERS = frozenset(_GITHUB_PAGES.split())
_NO_NAMESPACES = frozenset(_HUB_PAGES.split())
_NO_NAMES = frozenset(_PARTS_OF_HUB_PAGES.split())


class HubKind(StrEnum):
    """What a repository on the hub holds."""

    MODEL = "model"
    DATASET = "dataset"
    SPACE = "space"


@dataclass(frozen=True, slots=True)
class HubRepository:
    """One repository on the hub.

    Parameters
    ----------
    kind : HubKind
        What it holds.
    id : str
        ``namespace/name``.
    """

    kind: HubKind
    id: str


def github_repositories(paper: Paper) -> tuple[str, ...]:
    """Find the repositories on GitHub that a paper names, the one of its code first.

    Parameters
    ----------
    paper : Paper
        Its code address, comment and abstract are looked through.

    Returns
    -------
    tuple of str
        ``owner/name`` as it was written, none twice in whichever case.
    """
    found: dict[str, str] = {}
    for owner, told_name in _GITHUB.findall(_text(paper)):
        name = _without_git(told_name)
        if name and len(name) <= _NAME_CHARS and _may_own(owner):
            found.setdefault(f"{owner}/{name}".lower(), f"{owner}/{name}")
    return tuple(found.values())


def hub_repositories(paper: Paper) -> tuple[HubRepository, ...]:
    """Find the models, datasets and spaces on the hub that a paper names.

    Parameters
    ----------
    paper : Paper
        Its code address, comment and abstract are looked through.

    Returns
    -------
    tuple of HubRepository
        Ids as they were written, none twice in whichever case.
    """
    found: dict[tuple[HubKind, str], HubRepository] = {}
    for told_kind, namespace, told_name in _HUB.findall(_text(paper)):
        kind = HubKind(told_kind.lower().removesuffix("s")) if told_kind else HubKind.MODEL
        name = told_name.rstrip(".")
        if _may_hold(namespace, name):
            one = HubRepository(kind, f"{namespace}/{name}")
            found.setdefault((kind, one.id.lower()), one)
    return tuple(found.values())


def counted(
    asked: Asked,
    named: Callable[[Paper], Sequence[str]],
    count: Callable[[str], float | None],
    kind: Kind,
    source: str,
) -> Iterator[Batch]:
    """Count something of the repositories that papers name, a batch for each paper.

    A paper that names several gets the largest count; papers that name none are answered
    first, without asking.

    Parameters
    ----------
    asked : Asked
        Tells the papers.
    named : callable
        Gives the repositories of a paper; the first five are asked about, and each only once.
    count : callable
        Asks about one; None where it is unknown, ValueError where it cannot be read.
    kind : Kind
        What is counted.
    source : str
        Where.
    """
    today = asked.now.date()
    names_of = [(paper, named(paper)[:_ASKED_A_PAPER]) for paper in asked.about]
    if without := [paper.id for paper, names in names_of if not names]:
        yield Batch(answered=without)
    known: dict[str, float | Malformed | None] = {}
    for paper, names in names_of:
        if not names:
            continue
        for name in names:
            if name not in known:
                known[name] = _count(name, count, source)
        told = [known[name] for name in names]
        counts = [one for one in told if isinstance(one, float)]
        bad = [one for one in told if isinstance(one, Malformed)]
        yield Batch(
            told=bad,
            signals=[Signal(paper.id, kind, max(counts), asked.now, source)] if counts else (),
            # Only counts are answers: a service that has changed shows as a thin day.
            days={today: 1} if counts else {},
            answered=[paper.id],
        )


def _count(
    name: str, count: Callable[[str], float | None], source: str
) -> float | Malformed | None:
    try:
        return count(name)
    except ValueError as error:
        return Malformed(f"{source} {name}", str(error))


def _text(paper: Paper) -> str:
    told = (paper.code_url, paper.comment, paper.abstract)
    # LaTeX is left in abstracts, and writes an underscore with a stroke before it.
    return _ESCAPE.sub(r"\1\2", "\n".join(text for text in told if text))


def _without_git(name: str) -> str:
    bare = name.rstrip(".")
    return bare[: -len(".git")].rstrip(".") if bare.lower().endswith(".git") else bare


def _may_own(owner: str) -> bool:
    wrong = owner.startswith("-") or "--" in owner or owner.lower() in _NO_OWNERS
    return not wrong and len(owner) <= _OWNER_CHARS


def _may_hold(namespace: str, name: str) -> bool:
    if namespace.lower() in _NO_NAMESPACES or name.lower() in _NO_NAMES:
        return False
    parts = (namespace, name)
    return bool(name) and not any(
        "--" in part or ".." in part or len(part) > _HUB_NAME_CHARS for part in parts
    )
