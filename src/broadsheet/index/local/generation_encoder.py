"""The encoder of a generation, which another process may have built with other settings."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from broadsheet.encoders.protocol import Encoder
from broadsheet.errors import BroadsheetError
from broadsheet.index.local.state import State

NO_ENCODER = "none"


class NoEncoder:
    """Replaces an encoder that cannot be loaded: papers are searched by words only."""

    name = NO_ENCODER

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return zero vectors, which are near to nothing."""
        return np.zeros((len(texts), self.dim), dtype=np.float32)


def encoder_of(state: State, configured: Encoder, load: Callable[[str], Encoder]) -> Encoder:
    """Return the encoder of a generation, or a :class:`NoEncoder` if it cannot be loaded.

    Parameters
    ----------
    state : State
        The generation.
    configured : Encoder
        The encoder of this process.
    load : callable
        Loads another encoder by its setting.
    """
    if state.encoder == configured.name:
        return configured
    if state.encoder != NO_ENCODER:
        with suppress(BroadsheetError, OSError, ValueError):
            loaded = load(state.spec)
            if loaded.name == state.encoder:
                return loaded
    return NoEncoder(state.dim)
