"""The state files of the index folder: which generation there is, and its position."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import Field, TypeAdapter

# Incremented when the file format or the division of texts into words changes: files of another
# format are rebuilt.
FORMAT = 4


@dataclass(frozen=True, slots=True)
class State:
    """One generation of the index, as a state file describes it.

    Parameters
    ----------
    format : int
        The file format; this version writes :data:`FORMAT`.
    encoder : str
        Name of the encoder of the vectors.
    spec : str
        The setting by which that encoder is loaded.
    dim : int
        Length of a vector.
    library : str
        Identity of the library.
    generation : int
        Number of the folder, 1 or more.
    position : int
        The position in the change log up to which changes are applied.
    rows : int
        Rows of vectors on disk at that position.
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
    """Read a state file; None if it is absent or its content is invalid."""
    try:
        return _FORM.validate_json(path.read_bytes(), strict=True)
    except (OSError, ValueError):
        return None


def read_format(path: Path) -> int | None:
    """Read the format of a state file of any version; None if it is absent or invalid."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    number = content.get("format") if isinstance(content, dict) else None
    return number if isinstance(number, int) else None


def write_state(path: Path, state: State) -> None:
    """Replace a state file atomically."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        file.write(orjson.dumps(asdict(state)))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
