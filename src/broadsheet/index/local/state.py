"""What the index folder says of itself: which files there are, and how far they have followed."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import Field, TypeAdapter

# Raised whenever the files change their form: others are set aside and rebuilt.
FORMAT = 3


@dataclass(frozen=True, slots=True)
class State:
    """One generation of the index as a file tells of it.

    Parameters
    ----------
    format : int
        The form of the files, :data:`FORMAT` where this version wrote them.
    encoder : str
        Identity of the encoder that made the vectors.
    spec : str
        By what name that encoder is loaded.
    dim : int
        Length of a vector.
    library : str
        Whose papers they are.
    generation : int
        Which folder, 1 or more.
    position : int
        How far the library's changes have been followed.
    rows : int
        Rows of vectors that were on disk by then.
    """

    format: int
    encoder: str
    spec: str
    dim: Annotated[int, Field(ge=1)]
    library: str
    generation: Annotated[int, Field(ge=1)]
    position: Annotated[int, Field(ge=0)]
    rows: Annotated[int, Field(ge=0)]


_FORM = TypeAdapter(State)


def read_state(path: Path) -> State | None:
    """Read a state; None where there is none or something else stands there."""
    try:
        return _FORM.validate_json(path.read_bytes(), strict=True)
    except (OSError, ValueError):
        return None


def write_state(path: Path, state: State) -> None:
    """Replace a state whole, so that it is never half-written."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        file.write(orjson.dumps(asdict(state)))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
