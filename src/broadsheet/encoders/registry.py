"""Load an encoder by name: the shipped one, one of another package, or a remote service."""

import hashlib
import importlib
from collections.abc import Callable, Sequence
from typing import Protocol, cast
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from broadsheet.encoders.packaged import PackagedEncoder
from broadsheet.encoders.protocol import Encoder
from broadsheet.encoders.static import load_encoder
from broadsheet.errors import ConfigError, MissingExtraError

SHIPPED = "broadsheet"
# Numbers of each tensor that are hashed to identify a model: all of a large one take seconds.
_HASHED_NUMBERS = 1_024


class _Tensor(Protocol):
    """The part of ``torch.Tensor`` in use."""

    shape: Sequence[int]

    def flatten(self) -> "_Tensor": ...
    def __getitem__(self, numbers: slice) -> "_Tensor": ...
    def float(self) -> "_Tensor": ...
    def cpu(self) -> "_Tensor": ...
    def numpy(self) -> NDArray[np.float32]: ...


class _SentenceModel(Protocol):
    """The part of ``sentence_transformers.SentenceTransformer`` in use."""

    def state_dict(self) -> dict[str, _Tensor]: ...
    def encode(
        self, sentences: list[str], *, show_progress_bar: bool, convert_to_numpy: bool
    ) -> NDArray[np.float32]: ...


class _StaticModel(Protocol):
    """The part of ``model2vec.StaticModel`` in use."""

    embedding: NDArray[np.float32]

    def encode(self, sentences: list[str]) -> NDArray[np.float32]: ...


def encoder_named(spec: str, key: str | None = None) -> Encoder:
    """Load an encoder by its name.

    Parameters
    ----------
    spec : str
        One of

        - ``broadsheet``: the shipped encoder
        - ``model2vec:NAME``, ``sentence-transformers:NAME``: a folder, or a model on the Hugging
          Face hub
        - ``https://host/v1#MODEL`` or ``https://host/v1/embeddings#MODEL``: a service with
          OpenAI's embeddings API; without ``#MODEL`` the service chooses the model
    key : str or None
        The bearer token for the service; not used by other encoders.

    Returns
    -------
    Encoder
        A remote service is not called before the first text.

    Raises
    ------
    ConfigError
        If the name is unknown, the model cannot be loaded, or its package is not installed.
    """
    kind, _, name = spec.partition(":")
    if spec == SHIPPED:
        return load_encoder()
    if kind in ("http", "https"):
        return _remote(spec, key)
    loaders = {"model2vec": _model2vec, "sentence-transformers": _sentence_transformers}
    if kind not in loaders or not name:
        raise ConfigError(
            f"unknown encoder {spec!r}: use 'broadsheet', 'model2vec:NAME', "
            "'sentence-transformers:NAME' or 'https://host/v1#MODEL'"
        )
    try:
        return loaders[kind](spec, name)
    except ConfigError:
        raise
    # The packages raise many classes of error, most of them undocumented.
    except Exception as error:
        raise ConfigError(
            f"the encoder {spec!r} cannot be loaded ({type(error).__name__}): check the name, and "
            "that the files are on this machine or the Hugging Face hub is reachable"
        ) from error


def encoder_loader(spec: str, key: str | None) -> Callable[[str], Encoder]:
    """Return a function that loads other encoders and sends the key to one service only.

    Parameters
    ----------
    spec : str
        The encoder that the key belongs to.
    key : str or None
        Passed to encoders with the same scheme, host and port as `spec`.

    Returns
    -------
    callable
        As :func:`encoder_named`, without the parameter `key`.
    """

    def load(other: str) -> Encoder:
        return encoder_named(other, key if _origin(other) == _origin(spec) else None)

    return load


def _origin(spec: str) -> tuple[str, str]:
    parts = urlsplit(spec.partition("#")[0])
    return parts.scheme, parts.netloc.lower()


def _remote(spec: str, key: str | None) -> Encoder:
    # Imported here because importing the HTTP client takes longer than loading the shipped encoder.
    from broadsheet.encoders.remote import RemoteEncoder

    return RemoteEncoder(spec, key)


def _model2vec(spec: str, name: str) -> Encoder:
    loader = _import(spec, "model2vec").StaticModel
    model = cast("_StaticModel", loader.from_pretrained(name))
    table = np.ascontiguousarray(model.embedding)
    digest = hashlib.sha256(table.tobytes()).hexdigest()
    return PackagedEncoder(f"{spec}@{digest[:8]}", int(table.shape[1]), model.encode)


def _sentence_transformers(spec: str, name: str) -> Encoder:
    loader = _import(spec, "sentence_transformers").SentenceTransformer
    model = cast("_SentenceModel", loader(name))

    def encode(texts: list[str]) -> NDArray[np.float32]:
        return model.encode(texts, show_progress_bar=False, convert_to_numpy=True)

    digest = hashlib.sha256()
    for tensor_name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{tensor_name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten()[:_HASHED_NUMBERS].float().cpu().numpy().tobytes())
    dim = encode(["any text"]).shape[1]
    return PackagedEncoder(f"{spec}@{digest.hexdigest()[:8]}", int(dim), encode)


class _Module(Protocol):
    """The parts of both packages in use; each has one of them."""

    StaticModel: "_Loader"
    SentenceTransformer: "_Loader"


class _Loader(Protocol):
    def __call__(self, name: str) -> object: ...
    def from_pretrained(self, name: str) -> object: ...


def _import(spec: str, module: str) -> _Module:
    try:
        return cast("_Module", importlib.import_module(module))
    except ImportError as error:
        package = module.replace("_", "-")
        raise MissingExtraError(f"the encoder {spec!r}", package, "encoders") from error
