"""An encoder on another machine, by OpenAI's embeddings protocol.

https://platform.openai.com/docs/api-reference/embeddings: ``{"model", "input": [text]}`` is posted,
``{"data": [{"index", "embedding": [number]}]}`` comes back.
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
_REPLY_S = 60.0
# A single text is the query of a reader: a late vector is worse than none.
_QUESTION_S = 3.0
_REST_S = 30.0
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
    """An encoder behind an address; safe to use from many threads.

    One text alone is taken for a reader's question: it is asked once, within three seconds; after
    one that got no reply, those of the next half minute fail at once.
    More than one are sent in batches of 64, each asked up to five times.

    Parameters
    ----------
    spec : str
        ``https://host/v1#MODEL``, as :func:`broadsheet.encoders.registry.encoder_named` takes it.
    key : str or None
        Sent as a bearer token; in no message and no file.
    pause : callable, optional
        Waits so many seconds.

    Raises
    ------
    ConfigError
        Where the address or the key cannot be used.
    """

    def __init__(
        self, spec: str, key: str | None = None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._address, self._model = _parsed(spec)
        self._dim: int | None = None
        self._resting_until = 0.0
        self._headers = {"Authorization": f"Bearer {_checked(key)}"} if key is not None else {}
        self._client = Client(pause=pause, policy=_POLICY, rate_limits=_NO_RATE_LIMIT)

    @property
    def name(self) -> str:
        """The address and the model: what the service makes of them is its own affair."""
        return f"{self._address}#{self._model}" if self._model else self._address

    @property
    def dim(self) -> int:
        """Length of a vector; the service is asked the first time.

        Raises
        ------
        SearchIndexError
            Where it cannot be reached.
        """
        if self._dim is None:
            self._request(["any text"], _REPLY_S, 1)
        assert self._dim is not None
        return self._dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; only the beginning of a very long one is sent.

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
            Where the service cannot be reached, refuses, or replies with something else.
        """
        told = {row: text for row, text in enumerate(encodable(texts)) if text}
        timeout_s, attempts = (_QUESTION_S, 1) if len(told) == 1 else (_REPLY_S, _POLICY.attempts)
        if attempts == 1 and time.monotonic() < self._resting_until:
            raise self._failure("no reply a moment ago", "check that it runs")
        rows, sent = list(told), list(told.values())
        parts = [
            self._request(sent[start : start + _BATCH], timeout_s, attempts)
            for start in range(0, len(sent), _BATCH)
        ]
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        if parts:
            vectors[rows] = np.vstack(parts)
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
            raise self._explained(error) from error
        return self._read(reply.body, len(texts))

    def _explained(self, error: SourceError) -> SearchIndexError:
        if isinstance(error, UnavailableError):
            self._resting_until = time.monotonic() + _REST_S
            return self._failure(error.reason, "check that it runs, and try again")
        if isinstance(error, ReplyTooLargeError):
            return self._failure(
                f"a reply of more than {_MAX_REPLY_BYTES} bytes", "check the address"
            )
        if isinstance(error, StatusError):
            is_denied = error.status in (401, 403)
            remedy = "check the key" if is_denied else "check the address and the model"
            return self._failure(f"status {error.status}", remedy)
        return self._failure("no reply", "check the address")

    def _read(self, body: bytes, count: int) -> NDArray[np.float32]:
        try:
            rows = {row.index: row.embedding for row in _Embeddings.model_validate_json(body).data}
        except ValueError as error:
            raise self._failure("a reply that holds no embeddings", "check the address") from error
        if sorted(rows) != list(range(count)):
            raise self._failure(f"{len(rows)} vectors for {count} texts", "check the address")
        lengths = {len(row) for row in rows.values()} | ({self._dim} if self._dim else set())
        if len(lengths) != 1 or not 0 < max(lengths) <= _MAX_DIM:
            told = ", ".join(str(length) for length in sorted(lengths))
            raise self._failure(
                f"vectors of different or wrong lengths ({told})", "check the model"
            )
        vectors = np.asarray([rows[index] for index in range(count)], dtype=np.float64)
        if not np.isfinite(vectors).all():
            raise self._failure("vectors that hold no finite numbers", "check the model")
        self._dim = int(vectors.shape[1])
        return unit_rows(vectors)

    def _failure(self, reason: str, remedy: str) -> SearchIndexError:
        return SearchIndexError(f"the encoder at {self._address!r} gave {reason}: {remedy}")


def _parsed(spec: str) -> tuple[str, str | None]:
    try:
        parts = urlsplit(spec)
        told = (parts.hostname, parts.port)
        httpx2.URL(spec)
    except (ValueError, httpx2.InvalidURL) as error:
        raise ConfigError(
            "the encoder's address cannot be read: write 'https://host/v1#MODEL'"
        ) from error
    # Nothing of such an address is repeated, as what should not be there may be a secret.
    if not told[0] or parts.query or "@" in parts.netloc:
        raise ConfigError(
            "the encoder's address must have a host, and neither a password nor a query: write "
            "'https://host/v1#MODEL', and the key as a setting of its own"
        )
    path = parts.path.rstrip("/")
    path = path if path.endswith("/embeddings") else f"{path}/embeddings"
    return f"{parts.scheme}://{parts.netloc}{path}", parts.fragment or None


def _checked(key: str) -> str:
    if not key.isascii() or not key.isprintable() or not key.strip():
        raise ConfigError("the encoder's key must be of printable ASCII: set it again")
    return key.strip()
