"""Keep who may read the API: names, and digests of what they hold."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select

from broadsheet.errors import NotFoundError, StoreError
from broadsheet.store.tables import tokens


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is remembered; what is sent with a request is kept nowhere.

    Parameters
    ----------
    name : str
        What the operator calls it.
    created_at : datetime
        Aware UTC.
    """

    name: str
    created_at: datetime


def keep_token(connection: Connection, name: str, secret: str, now: datetime) -> None:
    """Keep a new token.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of the one writer.
    name : str
        What it is called.
    secret : str
        What will be sent with requests; only its digest is kept.
    now : datetime
        Aware UTC.

    Raises
    ------
    StoreError
        Where there is one of that name.
    """
    if connection.scalar(select(tokens.c.name).where(tokens.c.name == name)) is not None:
        raise StoreError(
            f"there is a token named {name!r}: choose another name, or revoke that one first "
            f"with 'broadsheet token {name} --revoke'"
        )
    connection.execute(insert(tokens).values(name=name, digest=_digest(secret), created_at=now))


def forget_token(connection: Connection, name: str) -> None:
    """Let no more requests through with a token.

    Raises
    ------
    NotFoundError
        Where there is none of that name.
    """
    if not connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount:
        raise NotFoundError(f"there is no token named {name!r}: 'broadsheet token --list' tells")


def tokens_kept(connection: Connection) -> list[Token]:
    """List the tokens by name."""
    rows = connection.execute(select(tokens.c.name, tokens.c.created_at).order_by(tokens.c.name))
    return [Token(*row) for row in rows]


def holder_of(connection: Connection, secret: str) -> str | None:
    """Name the token that a request was sent with, or None where it is none of ours.

    It is looked up by its digest, so that the time this takes tells nothing of what would fit.
    """
    return connection.scalar(select(tokens.c.name).where(tokens.c.digest == _digest(secret)))


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
