"""Encoders by name: the shipped one, those of other packages, and those behind an address."""

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
from broadsheet.errors import ConfigError

SHIPPED = "broadsheet"
_INSTALL = "run: pip install 'broadsheet[encoders]'"
_MAX_CHARS = 8_000
# Texts in one turn: a reader's question waits for no more than these.
_AT_ONCE = 64
# Of each tensor of a large model so many numbers tell it from another one.
_TOLD_NUMBERS = 1_024


class _Tensor(Protocol):
    """What is used of ``torch.Tensor``."""

    shape: Sequence[int]

    def flatten(self) -> "_Tensor": ...
    def __getitem__(self, numbers: slice) -> "_Tensor": ...
    def float(self) -> "_Tensor": ...
    def cpu(self) -> "_Tensor": ...
    def numpy(self) -> NDArray[np.float32]: ...


class _SentenceModel(Protocol):
    """What is used of ``sentence_transformers.SentenceTransformer``."""

    def state_dict(self) -> dict[str, _Tensor]: ...
    def encode(
        self, sentences: list[str], *, show_progress_bar: bool, convert_to_numpy: bool
    ) -> NDArray[np.float32]: ...


class _StaticModel(Protocol):
    """What is used of ``model2vec.StaticModel``."""

    embedding: NDArray[np.float32]

    def encode(self, sentences: list[str]) -> NDArray[np.float32]: ...


def encoder_named(spec: str, key: str | None = None) -> Encoder:
    """Load an encoder by its name.

    Parameters
    ----------
    spec : str
        One of

        - ``broadsheet``: the shipped one
        - ``model2vec:NAME``, ``sentence-transformers:NAME``: a folder, or a name on the hub
        - ``https://host/v1#MODEL`` or ``https://host/v1/embeddings#MODEL``: a service that speaks
          OpenAI's embeddings protocol; without ``#MODEL`` the service chooses
    key : str or None
        Sent to such a service as a bearer token, and to nobody else.

    Returns
    -------
    Encoder
        Ready to encode. A service is not asked before the first text.

    Raises
    ------
    ConfigError
        Where there is no such encoder, it cannot be loaded, or its package is not installed.
    """
    kind, _, name = spec.partition(":")
    if spec == SHIPPED:
        return load_encoder()
    if kind in ("http", "https"):
        return _remote(spec, key)
    loaders = {"model2vec": _model2vec, "sentence-transformers": _sentence_transformers}
    if kind not in loaders or not name:
        raise ConfigError(
            f"no encoder {spec!r}: use 'broadsheet', 'model2vec:NAME', "
            "'sentence-transformers:NAME' or 'https://host/v1#MODEL'"
        )
    try:
        return loaders[kind](spec, name)
    except ConfigError:
        raise
    # Other packages fail in ways of their own, and all mean that this name is of no use here.
    except Exception as error:
        raise ConfigError(
            f"the encoder {spec!r} cannot be loaded ({type(error).__name__}): check the name, and "
            "that its files are on this machine or the hub can be reached"
        ) from error


def encoder_loader(spec: str, key: str | None) -> Callable[[str], Encoder]:
    """Make a loader for the encoders of older vectors, which keeps a key from other machines.

    Parameters
    ----------
    spec : str
        The encoder whose key it is.
    key : str or None
        Given to services at the same scheme, host and port.

    Returns
    -------
    callable
        :func:`encoder_named` of one name.
    """

    def load(other: str) -> Encoder:
        return encoder_named(other, key if _origin(other) == _origin(spec) else None)

    return load


def _origin(spec: str) -> tuple[str, str]:
    parts = urlsplit(spec.partition("#")[0])
    return parts.scheme, parts.netloc.lower()


def _remote(spec: str, key: str | None) -> Encoder:
    # Imported here because the HTTP client takes longer to load than the shipped encoder.
    from broadsheet.encoders.remote import RemoteEncoder

    return RemoteEncoder(spec, key)


def _model2vec(spec: str, name: str) -> Encoder:
    loader = _needed(spec, "model2vec").StaticModel
    model = cast("_StaticModel", loader.from_pretrained(name))
    table = np.ascontiguousarray(model.embedding)
    digest = hashlib.sha256(table.tobytes()).hexdigest()
    return PackagedEncoder(f"{spec}@{digest[:8]}", int(table.shape[1]), model.encode)


def _sentence_transformers(spec: str, name: str) -> Encoder:
    loader = _needed(spec, "sentence_transformers").SentenceTransformer
    model = cast("_SentenceModel", loader(name))

    def encode(texts: list[str]) -> NDArray[np.float32]:
        return model.encode(texts, show_progress_bar=False, convert_to_numpy=True)

    digest = hashlib.sha256()
    for tensor_name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{tensor_name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten()[:_TOLD_NUMBERS].float().cpu().numpy().tobytes())
    dim = encode(["any text"]).shape[1]
    return PackagedEncoder(f"{spec}@{digest.hexdigest()[:8]}", int(dim), encode)


class _Module(Protocol):
    """What is used of the packages of the extra."""

    StaticModel: "_Loader"
    SentenceTransformer: "_Loader"


class _Loader(Protocol):
    def __call__(self, name: str) -> object: ...
    def from_pretrained(self, name: str) -> object: ...


def _needed(spec: str, module: str) -> _Module:
    try:
        return cast("_Module", importlib.import_module(module))
    except ImportError as error:
        raise _not_installed(spec, module.replace("_", "-")) from error


def _not_installed(spec: str, package: str) -> ConfigError:
    return ConfigError(f"the encoder {spec!r} needs the package {package!r}: {_INSTALL}")
