"""Which repositories a paper names, and how what is told of each becomes attention."""

import re
from collections.abc import Callable, Iterator, Sequence

from broadsheet.model import Kind, Malformed, Paper, Signal
from broadsheet.sources.source import Batch, FetchRequest

# One paper cannot make the rest wait by naming a catalogue.
_ASKED_A_PAPER = 5
_OWNER_CHARS = 39
_NAME_CHARS = 100
_HUB_NAME_CHARS = 96
_MOST_COUNTED = 10**9

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


def hub_repositories(paper: Paper) -> tuple[str, ...]:
    """Find the models, datasets and spaces on the hub that a paper names, that of its code first.

    Parameters
    ----------
    paper : Paper
        Its code address, comment and abstract are looked through.

    Returns
    -------
    tuple of str
        ``models/namespace/name``, or ``datasets`` or ``spaces`` in the place of ``models``; as it
        was written, none twice in whichever case.
    """
    found: dict[str, str] = {}
    for kind, namespace, told_name in _HUB.findall(_text(paper)):
        name = told_name.rstrip(".")
        if _may_hold(namespace, name):
            path = f"{kind.lower() or 'models'}/{namespace}/{name}"
            found.setdefault(path.lower(), path)
    return tuple(found.values())


def counted(
    request: FetchRequest,
    named: Callable[[Paper], Sequence[str]],
    count: Callable[[str], float | None],
    kind: Kind,
    source: str,
    *,
    most_asked: int | None = None,
) -> Iterator[Batch]:
    """Count something of the repositories that papers name, a batch for each paper.

    A paper that names several gets the count of the first that is known: the others are likelier
    what it is built on than its own. Papers that name none are answered first, without asking.

    Parameters
    ----------
    request : FetchRequest
        Tells the papers.
    named : callable
        Gives the repositories of a paper, its own first; at most five are asked about, and each
        only once.
    count : callable
        Asks about one; None where it is unknown, ValueError where it cannot be read.
    kind : Kind
        What is counted.
    source : str
        Where.
    most_asked : int, optional
        How many repositories are asked about; papers beyond that are not answered.
    """
    today = request.now.date()
    names_of = [(paper, named(paper)[:_ASKED_A_PAPER]) for paper in request.papers]
    if without := [paper.id for paper, names in names_of if not names]:
        yield Batch(queried=without)
    known: dict[str, float | Malformed | None] = {}
    for paper, names in names_of:
        if not names:
            continue
        bad: list[Malformed] = []
        signals: list[Signal] = []
        for name in names:
            if name not in known:
                if len(known) == most_asked:
                    return
                known[name] = _count(name, count, source)
            one = known[name]
            if isinstance(one, Malformed):
                bad.append(one)
            elif one is not None:
                signals.append(Signal(paper.id, kind, one, request.now, source))
                break
        # Only counts are answers: a service that has changed shows as a thin day.
        days = {today: 1} if signals else {}
        yield Batch(records=bad, signals=signals, days=days, queried=[paper.id])


def number_in(told: object, key: str, noun: str) -> float:
    """Read a count in what is told of a repository.

    Raises
    ------
    ValueError
        Where there is none, with the reason in lower case.
    """
    count = told.get(key) if isinstance(told, dict) else None
    if type(count) is not int or not 0 <= count <= _MOST_COUNTED:
        raise ValueError(f"it tells no number of {noun}")
    return float(count)


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
