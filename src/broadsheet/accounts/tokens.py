"""API tokens: create, revoke, list and verify them."""

import re
import secrets
from collections.abc import Callable
from datetime import datetime

from broadsheet.errors import ConfigError
from broadsheet.store.database import Database
from broadsheet.store.tokens import Token, delete_token, insert_token, list_tokens, name_of_token

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Secret scanners recognise a fixed prefix.
_PREFIX = "broadsheet_"
_RANDOM_BYTES = 32


class Tokens:
    """The API tokens of a library.

    Parameters
    ----------
    database : Database
        The library.
    clock : callable
        Returns the time, aware UTC.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def create(self, name: str) -> str:
        """Create a token.

        Parameters
        ----------
        name : str
            1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first.

        Returns
        -------
        str
            The secret that clients send. It is not stored and cannot be shown again.

        Raises
        ------
        ConfigError
            If the name is invalid.
        StoreError
            If there is a token with that name.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"invalid token name {name[:80]!r}: use 1 to 64 letters, digits, dots, dashes "
                "and underscores, a letter or digit first"
            )
        secret = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        with self._database.write() as connection:
            insert_token(connection, name, secret, self._clock())
        return secret

    def revoke(self, name: str) -> None:
        """Delete a token; see :func:`broadsheet.store.tokens.delete_token`."""
        with self._database.write() as connection:
            delete_token(connection, name)

    def all(self) -> list[Token]:
        """List the tokens by name."""
        with self._database.read() as connection:
            return list_tokens(connection)

    def name_of(self, secret: str) -> str | None:
        """Return the name of the token with this secret, or None if there is none."""
        with self._database.read() as connection:
            return name_of_token(connection, secret)
