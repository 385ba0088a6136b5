"""Store API tokens: their names and digests, never the tokens themselves."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select

from broadsheet.errors import NotFoundError, StoreError
from broadsheet.store.tables import tokens


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, without its secret.

    Parameters
    ----------
    name : str
        Chosen by the operator; unique.
    created_at : datetime
        Aware UTC.
    """

    name: str
    created_at: datetime


def insert_token(connection: Connection, name: str, secret: str, now: datetime) -> None:
    """Store a token.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A write transaction.
    name : str
        Name of the token.
    secret : str
        What clients send; only its SHA-256 digest is stored.
    now : datetime
        Aware UTC.

    Raises
    ------
    StoreError
        If there is a token with that name.
    """
    if connection.scalar(select(tokens.c.name).where(tokens.c.name == name)) is not None:
        raise StoreError(
            f"a token named {name!r} already exists: choose another name, or revoke that token "
            f"first with 'broadsheet token {name} --revoke'"
        )
    connection.execute(insert(tokens).values(name=name, digest=_digest(secret), created_at=now))


def delete_token(connection: Connection, name: str) -> None:
    """Delete a token.

    Raises
    ------
    NotFoundError
        If there is no token with that name.
    """
    if not connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount:
        raise NotFoundError(
            f"there is no token named {name!r}: 'broadsheet token --list' lists the tokens"
        )


def list_tokens(connection: Connection) -> list[Token]:
    """List the tokens by name."""
    rows = connection.execute(select(tokens.c.name, tokens.c.created_at).order_by(tokens.c.name))
    return [Token(*row) for row in rows]


def name_of_token(connection: Connection, secret: str) -> str | None:
    """Return the name of the token with this secret, or None if there is none.

    The lookup is by digest, so its duration reveals nothing about the stored secrets.
    """
    return connection.scalar(select(tokens.c.name).where(tokens.c.digest == _digest(secret)))


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
