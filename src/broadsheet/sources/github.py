"""Stars of the repositories that papers name, from GitHub's REST API."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from broadsheet.errors import SourceError
from broadsheet.model import Kind
from broadsheet.sources.client import Client
from broadsheet.sources.code_links import counted, github_repositories
from broadsheet.sources.reply import OutOfReachError, Reply, told_wait_s
from broadsheet.sources.source import Asked, Batch

NAME = "github"

_ADDRESS = "https://api.github.com/repos"
_VERSION = "2022-11-28"
_FORBIDDEN = 403
_UNKNOWN = (404, 410, 451)


class _Repository(BaseModel):
    stargazers_count: Annotated[int, Field(strict=True, ge=0, le=10**9)]


class _Refusal(BaseModel):
    message: str = ""


def fetch(client: Client, asked: Asked, key: str | None) -> Iterator[Batch]:
    """Read how many stars the repositories of papers have.

    Parameters
    ----------
    client : Client
        Asks ``api.github.com``.
    asked : Asked
        Tells the papers; of several repositories of one, the largest count is given.
    key : str or None
        A token. Without one, GitHub answers 60 times an hour.

    Yields
    ------
    Batch
        For each paper one, and first one for those that name no repository.

    Raises
    ------
    SourceError
        Where GitHub refuses the key, or gives something else than JSON.
    OutOfReachError
        Where it is not to be asked for a while.
    """
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": _VERSION}
    if key:
        headers["Authorization"] = f"Bearer {key}"

    def stars(name: str) -> float | None:
        allowed = (_FORBIDDEN, *_UNKNOWN)
        return read_stars(client.get(f"{_ADDRESS}/{name}", headers=headers, allowed=allowed))

    return counted(asked, github_repositories, stars, Kind.STARS, NAME)


def read_stars(reply: Reply) -> float | None:
    """Read the stars of a repository.

    Parameters
    ----------
    reply : Reply
        To a question about one repository.

    Returns
    -------
    float or None
        None where there is no such repository, or GitHub shows it to nobody.

    Raises
    ------
    ValueError
        Where it is JSON without a number of stars, with the reason in lower case.
    SourceError
        Where it is something else, or a refusal.
    """
    if reply.status in _UNKNOWN:
        return None
    if reply.status == _FORBIDDEN:
        _let_blocked_pass(reply)
        return None
    told = reply.json()
    try:
        return float(_Repository.model_validate(told).stargazers_count)
    except ValidationError:
        raise ValueError("it tells no number of stars") from None


def _let_blocked_pass(reply: Reply) -> None:
    """Raise, but where the refusal is about one repository that GitHub has blocked."""
    wait_s = told_wait_s(reply.headers)
    if wait_s is not None:
        raise OutOfReachError(
            f"{reply.address} asks to wait for {round(wait_s)} seconds (status 403): it is tried "
            "again then",
            wait_s,
        )
    try:
        blocked = "access blocked" in _Refusal.model_validate(reply.json()).message.lower()
    except (SourceError, ValidationError):
        blocked = False
    if not blocked:
        raise SourceError(
            f"{reply.address} refuses (status 403): check the key in the settings, or whether "
            "GitHub still lets programs in"
        )
