"""Likes of the models, datasets and spaces that papers name, from the Hugging Face hub."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from broadsheet.errors import SourceError
from broadsheet.model import Kind, Paper
from broadsheet.sources.client import Client
from broadsheet.sources.code_links import counted, hub_repositories
from broadsheet.sources.reply import Reply
from broadsheet.sources.source import Asked, Batch
from broadsheet.sources.wire import decode

NAME = "hub"

_ADDRESS = "https://huggingface.co/api"
_UNAUTHORISED, _FORBIDDEN = 401, 403
_UNKNOWN = (404, 410, 451)
# A model of many files fills megabytes; this leaves the name and the likes.
_PARAMS = {"expand": "likes"}


class _Repository(BaseModel):
    likes: Annotated[int, Field(strict=True, ge=0, le=10**9)]


def fetch(client: Client, asked: Asked, key: str | None) -> Iterator[Batch]:
    """Read how many likes the hub's repositories of papers have.

    Parameters
    ----------
    client : Client
        Asks ``huggingface.co``.
    asked : Asked
        Tells the papers; of several repositories of one, the largest count is given.
    key : str or None
        A token, for more questions an hour.

    Yields
    ------
    Batch
        For each paper one, and first one for those that name no repository.

    Raises
    ------
    SourceError
        Where the hub refuses the key, or gives something else than JSON.
    OutOfReachError
        Where it is not to be asked for a while.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    allowed = (_UNAUTHORISED, _FORBIDDEN, *_UNKNOWN)

    def likes(path: str) -> float | None:
        address = f"{_ADDRESS}/{path}"
        return read_likes(client.get(address, _PARAMS, headers=headers, allowed=allowed))

    return counted(asked, _paths, likes, Kind.LIKES, NAME)


def read_likes(reply: Reply) -> float | None:
    """Read the likes of a repository.

    Parameters
    ----------
    reply : Reply
        To a question about one repository.

    Returns
    -------
    float or None
        None where there is no such repository, or the hub shows it to nobody.

    Raises
    ------
    ValueError
        Where it is JSON without a number of likes, with the reason in lower case.
    SourceError
        Where it is something else, or a refusal.
    """
    if reply.status in _UNKNOWN or _refuses_this_one(reply):
        return None
    told = reply.json()
    try:
        return float(_Repository.model_validate(told).likes)
    except ValidationError:
        raise ValueError("it tells no number of likes") from None


def _paths(paper: Paper) -> list[str]:
    return [f"{one.kind}s/{one.id}" for one in hub_repositories(paper)]


def _refuses_this_one(reply: Reply) -> bool:
    """Tell a repository that is not shown from a refusal of all that is asked, which raises."""
    if reply.status not in (_UNAUTHORISED, _FORBIDDEN):
        return False
    why = (reply.headers.get("x-error-message") or decode(reply.body[:1_000])).lower()
    # The hub says 401 of what does not exist, so as not to tell what is private.
    if reply.status == _UNAUTHORISED and "invalid credentials" not in why:
        return True
    if reply.status == _FORBIDDEN and "disabled" in why:
        return True
    raise SourceError(
        f"{reply.address} refuses (status {reply.status}): check the key in the settings, or "
        "whether the hub still lets programs in"
    )
