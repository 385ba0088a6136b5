"""An encoder that is a remote service with OpenAI's embeddings API.

https://platform.openai.com/docs/api-reference/embeddings: the request is a POST of
``{"model", "input": [text]}``, the reply ``{"data": [{"index", "embedding": [number]}]}``.
"""

import time
from collections.abc import Callable, Sequence
from typing import Annotated
from urllib.parse import urlsplit

import httpx2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from broadsheet.encoders.vectors import encodable, unit_rows
from broadsheet.errors import ConfigError, SearchIndexError, SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import ReplyTooLargeError, StatusError, UnavailableError
from broadsheet.http.policy import Policy
from broadsheet.http.rate_limits import RateLimits

_BATCH = 64
_MAX_DIM = 16_384
_MAX_REPLY_BYTES = 32_000_000
_BATCH_TIMEOUT_S = 60.0
# A reader waits for the vector of a query; search by words only is better than a longer wait.
_QUERY_TIMEOUT_S = 3.0
_PAUSE_AFTER_FAILURE_S = 30.0
# The operator configures the address, so it may be inside a private network, and needs no rate
# limit. The key is never sent to where a redirect leads.
_POLICY = Policy(
    attempts=5,
    first_wait_s=1.0,
    caps_retry_after=True,
    retried_statuses=frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529}),
    connect_s=5.0,
    max_redirects=0,
    allows_private=True,
)
_NO_RATE_LIMIT = RateLimits(default_s=0.0)


class _Row(BaseModel):
    index: Annotated[int, Field(ge=0)]
    embedding: list[float]


class _Embeddings(BaseModel):
    data: list[_Row]


class RemoteEncoder:
    """An encoder that is a remote service; safe to use from many threads.

    A single text is treated as a query: one attempt of at most 3 s. If the service is unavailable,
    queries fail immediately for the next 30 s. Several texts are sent in batches of 64, each with
    up to five attempts of 60 s.

    Parameters
    ----------
    spec : str
        ``https://host/v1#MODEL``, as :func:`broadsheet.encoders.registry.encoder_named` takes it.
    key : str or None
        The bearer token; never part of a message.
    pause : callable, optional
        Sleeps for a number of seconds.

    Raises
    ------
    ConfigError
        If the address or the key is invalid.
    """

    def __init__(
        self, spec: str, key: str | None = None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._address, self._model = _parse(spec)
        self._dim: int | None = None
        self._unavailable_until = 0.0
        self._headers = {"Authorization": f"Bearer {_checked_key(key)}"} if key is not None else {}
        self._client = Client(pause=pause, policy=_POLICY, rate_limits=_NO_RATE_LIMIT)

    @property
    def name(self) -> str:
        """The address and the model. A change of the weights behind them is not detected."""
        return f"{self._address}#{self._model}" if self._model else self._address

    @property
    def dim(self) -> int:
        """Length of a vector; the first use sends a request.

        Raises
        ------
        SearchIndexError
            As :meth:`encode`.
        """
        if self._dim is None:
            self._request(["any text"], _BATCH_TIMEOUT_S, 1)
        assert self._dim is not None
        return self._dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode the first 8,000 characters of each text.

        Parameters
        ----------
        texts : sequence of str
            Any texts, of any length.

        Returns
        -------
        ndarray of float32, shape (len(texts), dim)
            Rows of unit length; the zero row for a blank text.

        Raises
        ------
        SearchIndexError
            If the service is unavailable, returns an error status, or returns anything else than
            one vector per text.
        """
        present = {row: text for row, text in enumerate(encodable(texts)) if text}
        rows, inputs = list(present), list(present.values())
        is_query = len(inputs) == 1
        if is_query and time.monotonic() < self._unavailable_until:
            raise self._failure("was unavailable less than 30 s ago", "check that it is running")
        timeout_s, attempts = (
            (_QUERY_TIMEOUT_S, 1) if is_query else (_BATCH_TIMEOUT_S, _POLICY.attempts)
        )
        batches = [
            self._request(inputs[start : start + _BATCH], timeout_s, attempts)
            for start in range(0, len(inputs), _BATCH)
        ]
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        if batches:
            vectors[rows] = np.vstack(batches)
        return vectors

    def _request(self, texts: list[str], timeout_s: float, attempts: int) -> NDArray[np.float32]:
        payload: dict[str, object] = {"input": texts, "encoding_format": "float"}
        if self._model:
            payload["model"] = self._model
        try:
            reply = self._client.post(
                self._address,
                payload,
                headers=self._headers,
                most_bytes=_MAX_REPLY_BYTES,
                timeout_s=timeout_s,
                attempts=attempts,
            )
        except SourceError as error:
            raise self._failure_of(error) from error
        return self._parse_reply(reply.body, len(texts))

    def _failure_of(self, error: SourceError) -> SearchIndexError:
        if isinstance(error, UnavailableError):
            self._unavailable_until = time.monotonic() + _PAUSE_AFTER_FAILURE_S
            return self._failure(f"is unavailable: {error.reason}", "check that it is running")
        if isinstance(error, ReplyTooLargeError):
            return self._failure(
                f"returned more than {_MAX_REPLY_BYTES} bytes", "check the address"
            )
        if isinstance(error, StatusError):
            is_denied = error.status in (401, 403)
            remedy = "check the key" if is_denied else "check the address and the model"
            return self._failure(f"returned status {error.status}", remedy)
        return self._failure("sent no valid reply", "check the address")

    def _parse_reply(self, body: bytes, count: int) -> NDArray[np.float32]:
        try:
            rows = {row.index: row.embedding for row in _Embeddings.model_validate_json(body).data}
        except ValueError as error:
            raise self._failure("returned no embeddings", "check the address") from error
        if sorted(rows) != list(range(count)):
            raise self._failure(
                f"returned {len(rows)} vectors for {count} texts", "check the address"
            )
        lengths = {len(row) for row in rows.values()} | ({self._dim} if self._dim else set())
        if len(lengths) != 1 or not 0 < max(lengths) <= _MAX_DIM:
            listed = ", ".join(str(length) for length in sorted(lengths))
            raise self._failure(f"returned vectors of wrong length ({listed})", "check the model")
        vectors = np.asarray([rows[index] for index in range(count)], dtype=np.float64)
        if not np.isfinite(vectors).all():
            raise self._failure("returned infinite numbers or NaN", "check the model")
        self._dim = int(vectors.shape[1])
        return unit_rows(vectors)

    def _failure(self, problem: str, remedy: str) -> SearchIndexError:
        return SearchIndexError(f"the encoder at {self._address!r} {problem}: {remedy}")


def _parse(spec: str) -> tuple[str, str | None]:
    """Return the address of the embeddings API, and the model."""
    try:
        parts = urlsplit(spec)
        host, _ = parts.hostname, parts.port  # an invalid port raises ValueError
        httpx2.URL(spec)
    except (ValueError, httpx2.InvalidURL) as error:
        raise ConfigError(
            "the address of the encoder is invalid: expected 'https://host/v1#MODEL'"
        ) from error
    # The message does not repeat the address, which may contain a secret.
    if not host or parts.query or "@" in parts.netloc:
        raise ConfigError(
            "the address of the encoder must have a host, no password and no query string: "
            "expected 'https://host/v1#MODEL', with the key in the setting 'encoder_key'"
        )
    path = parts.path.rstrip("/")
    path = path if path.endswith("/embeddings") else f"{path}/embeddings"
    return f"{parts.scheme}://{parts.netloc}{path}", parts.fragment or None


def _checked_key(key: str) -> str:
    if not key.isascii() or not key.isprintable() or not key.strip():
        raise ConfigError("the setting 'encoder_key' must be printable ASCII")
    return key.strip()
