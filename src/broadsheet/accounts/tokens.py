"""Read tokens: who may ask the API, or ask it more often."""

import re
import secrets
from collections.abc import Callable
from datetime import datetime

from broadsheet.errors import ConfigError
from broadsheet.store.database import Database
from broadsheet.store.tokens import Token, forget_token, holder_of, keep_token, tokens_kept

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Found by what looks for secrets in code; 32 bytes of chance cannot be guessed.
_BEGINS = "broadsheet_"
_CHANCE_BYTES = 32


class Tokens:
    """The read tokens of a library.

    Parameters
    ----------
    database : Database
        The library.
    clock : callable
        Gives the time, aware UTC.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def make(self, name: str) -> str:
        """Make a token.

        Parameters
        ----------
        name : str
            Whose it is, or what it is for: 1 to 64 letters, digits, dots, dashes, underscores.

        Returns
        -------
        str
            What is sent with requests; it cannot be read again.

        Raises
        ------
        ConfigError
            Where the name is not written so.
        StoreError
            Where there is a token of that name.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{name[:80]!r} cannot name a token: use 1 to 64 letters, digits, dots, dashes "
                "and underscores, a letter or digit first"
            )
        secret = _BEGINS + secrets.token_urlsafe(_CHANCE_BYTES)
        with self._database.write() as connection:
            keep_token(connection, name, secret, self._clock())
        return secret

    def revoke(self, name: str) -> None:
        """Let no more requests through with a token; see :func:`store.tokens.forget_token`."""
        with self._database.write() as connection:
            forget_token(connection, name)

    def every(self) -> list[Token]:
        """List the tokens by name."""
        with self._database.read() as connection:
            return tokens_kept(connection)

    def holder(self, secret: str) -> str | None:
        """Name the token that a request was sent with, or None where it is none of ours."""
        with self._database.read() as connection:
            return holder_of(connection, secret)
