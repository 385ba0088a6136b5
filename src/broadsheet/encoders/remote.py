"""An encoder on another machine, by OpenAI's embeddings protocol.

https://platform.openai.com/docs/api-reference/embeddings: ``{"model", "input": [text]}`` is posted,
``{"data": [{"index", "embedding": [number]}]}`` comes back.
"""

import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated
from urllib.parse import urlsplit

import httpx2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from broadsheet.encoders.vectors import encodable, unit_rows
from broadsheet.errors import ConfigError, SearchIndexError

_BATCH = 64
_MAX_DIM = 16_384
_MAX_REPLY_BYTES = 32_000_000
_CONNECT_S, _REPLY_S = 5.0, 60.0
# One text is a reader's question, which is better answered without meaning than late.
_QUESTION_S = 3.0
_REST_S = 30.0
_ATTEMPTS = 5
_LONGEST_WAIT_S = 60.0
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class _Row(BaseModel):
    index: Annotated[int, Field(ge=0)]
    embedding: list[float]


class _Reply(BaseModel):
    data: list[_Row]


class _PassingError(Exception):
    """A failure that may be over soon.

    Parameters
    ----------
    reason : str
        What happened.
    wait_s : float or None
        After how long to ask again, where the service told.
    """

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


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
        self._pause = pause
        self._dim: int | None = None
        self._resting_until = 0.0
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
        if key is not None:
            headers["Authorization"] = f"Bearer {_checked(key)}"
        self._client = httpx2.Client(headers=headers, follow_redirects=False)

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
            self._ask_patiently(["any text"], _REPLY_S, 1)
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
        timeout_s, attempts = (_QUESTION_S, 1) if len(told) == 1 else (_REPLY_S, _ATTEMPTS)
        if attempts == 1 and time.monotonic() < self._resting_until:
            raise self._failure("no reply a moment ago", "check that it runs")
        rows, sent = list(told), list(told.values())
        parts = [
            self._ask_patiently(sent[start : start + _BATCH], timeout_s, attempts)
            for start in range(0, len(sent), _BATCH)
        ]
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        if parts:
            vectors[rows] = np.vstack(parts)
        return vectors

    def _ask_patiently(
        self, texts: list[str], timeout_s: float, attempts: int
    ) -> NDArray[np.float32]:
        for attempt in range(1, attempts + 1):
            try:
                return self._read(self._ask(texts, timeout_s), len(texts))
            except _PassingError as error:
                if attempt == attempts:
                    self._resting_until = time.monotonic() + _REST_S
                    raise self._failure(str(error), "check that it runs, and try again") from error
                wait_s = error.wait_s
                if wait_s is None:
                    # Spread out, so that many clients do not come back at the same moment.
                    wait_s = 2 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311
                self._pause(min(wait_s, _LONGEST_WAIT_S))
        raise AssertionError("at least one attempt is made")

    def _ask(self, texts: list[str], timeout_s: float) -> bytes:
        asked: dict[str, object] = {"input": texts, "encoding_format": "float"}
        if self._model:
            asked["model"] = self._model
        timeout = httpx2.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s))
        until = time.monotonic() + timeout_s
        try:
            with self._client.stream("POST", self._address, json=asked, timeout=timeout) as reply:
                self._check(reply)
                return self._body(reply, until)
        except httpx2.TransportError as error:
            raise _PassingError(f"no reply ({type(error).__name__})") from error

    def _check(self, reply: httpx2.Response) -> None:
        if reply.status_code in _PASSING:
            raise _PassingError(
                f"status {reply.status_code}", _wait_told_s(reply.headers.get("retry-after"))
            )
        if reply.status_code in (401, 403):
            raise self._failure(f"status {reply.status_code}", "check the key")
        if not reply.is_success:
            raise self._failure(f"status {reply.status_code}", "check the address and the model")

    def _body(self, reply: httpx2.Response, until: float) -> bytes:
        body = bytearray()
        # Raw, so that what is packed small cannot unfold without end.
        for piece in reply.iter_raw(65_536):
            body += piece
            if len(body) > _MAX_REPLY_BYTES:
                raise self._failure(
                    f"a reply of more than {_MAX_REPLY_BYTES} bytes", "check the address"
                )
            if time.monotonic() > until:
                raise _PassingError("no end of the reply")
        return bytes(body)

    def _read(self, body: bytes, count: int) -> NDArray[np.float32]:
        try:
            rows = {row.index: row.embedding for row in _Reply.model_validate_json(body).data}
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


def _wait_told_s(told: str | None) -> float | None:
    """Read a Retry-After header, RFC 9110 section 10.2.3: seconds or a date."""
    if told is None:
        return None
    if told.strip().isdecimal():
        return float(told)
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
