"""The index folder: its generations, state files and locks."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from broadsheet.encoders.protocol import Encoder
from broadsheet.errors import SearchIndexError
from broadsheet.index.local.generation import panics_as_errors
from broadsheet.index.local.state import FORMAT, State, read_format, read_state, write_state
from broadsheet.index.vector_file import DamagedFileError


class IndexFolder:
    """The files of one index, which many processes may share.

    ``state.json`` names the generation that serves, ``building.json`` the one that is being built.

    Parameters
    ----------
    path : Path
        The folder; created if absent.
    library_id : str
        The library it is derived from; state files of another one are ignored.

    Attributes
    ----------
    lock, building_lock : FileLock
        For changing the files that serve, which takes seconds, and for building others, which may
        take hours.

    Raises
    ------
    SearchIndexError
        If the folder cannot be created.
    """

    def __init__(self, path: Path, library_id: str) -> None:
        self.path = path
        self.library_id = library_id
        self.create()
        self.lock = FileLock(path / "lock")
        self.building_lock = FileLock(path / "building.lock")

    def create(self) -> None:
        """Create the folder if it is absent.

        Raises
        ------
        SearchIndexError
            If it cannot be created.
        """
        path = self.path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise SearchIndexError(
                f"the index folder {str(path)!r} cannot be created ({error.strerror}): "
                "check the path and its permissions"
            ) from error

    def stamp(self) -> tuple[int, int]:
        """Return what changes whenever another process replaces the state."""
        # The inode too, because the clock of a file system is coarser than two quick writes.
        try:
            status = self._state_file.stat()
        except FileNotFoundError:
            return 0, 0
        return status.st_mtime_ns, status.st_ino

    def has_state(self) -> bool:
        """Return whether there is a state file, valid or not."""
        return self._state_file.exists()

    def read_state(self) -> State | None:
        """Read which generation serves; None without a valid state of this library and format."""
        state = read_state(self._state_file)
        return state if state is not None and self._is_ours(state) else None

    def has_newer_state(self) -> bool:
        """Return whether a newer version has written the state file."""
        return (read_format(self._state_file) or 0) > FORMAT

    def has_earlier_state(self) -> bool:
        """Return whether an earlier version, with another format, has written the state file."""
        return 0 < (read_format(self._state_file) or 0) < FORMAT

    def write_state(self, state: State) -> None:
        """Make a generation the one that serves, or move its position."""
        write_state(self._state_file, state)

    def read_building(self, encoder: Encoder) -> State | None:
        """Read which generation is being built with an encoder; None without one."""
        state = read_state(self._building_file)
        if state is None or not self._is_ours(state) or state.encoder != encoder.name:
            return None
        return state

    def write_building(self, state: State) -> None:
        """Store how far a build has come."""
        write_state(self._building_file, state)

    def new_state(self, encoder: Encoder, spec: str, after: int = 0) -> State:
        """Return the state of a generation that does not exist yet, at position 0.

        Its number is above `after`.
        """
        numbers = [int(place.name.rpartition("-")[2]) for place in self._generations()]
        number = 1 + max(after, *numbers, 0)
        return State(FORMAT, encoder.name, spec, encoder.dim, self.library_id, number, 0, 0)

    def generation(self, state: State) -> Path:
        """Return the folder of a generation."""
        return self.path / f"generation-{state.generation}"

    def move_damaged(self) -> Path:
        """Move the files that serve into ``damaged-TIME``; an earlier such folder is deleted."""
        for earlier in self.path.glob("damaged-*"):
            shutil.rmtree(earlier, ignore_errors=True)
        target = self.path / f"damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        target.mkdir()
        building = read_state(self._building_file)
        for place in (*self._generations(), self._state_file):
            if building is None or place != self.generation(building):
                place.rename(target / place.name)
        return target

    def delete_unused(self, serving: State) -> None:
        """Delete the generations that neither serve nor are being built.

        A build of another encoder is kept: it continues if that encoder is configured again.
        """
        building = read_state(self._building_file)
        kept = (serving, building) if building and self._is_ours(building) else (serving,)
        used = {self.generation(state) for state in kept}
        self._delete_others(used)
        if len(used) < 2:
            self._building_file.unlink(missing_ok=True)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise file errors as SearchIndexError."""
        try:
            with panics_as_errors():
                yield
        except (OSError, ValueError) as error:
            raise SearchIndexError(
                f"the index in {str(self.path)!r} could not be written ({error}): free some "
                "disk space, or run 'broadsheet index --rebuild'"
            ) from error

    @contextmanager
    def read_errors(self) -> Iterator[None]:
        """Raise what damaged files cause in a search as SearchIndexError."""
        try:
            with panics_as_errors():
                yield
        except (OSError, DamagedFileError) as error:
            raise SearchIndexError(
                f"the index in {str(self.path)!r} could not be read ({error}): if this persists, "
                "run 'broadsheet index --rebuild'"
            ) from error

    def _is_ours(self, state: State) -> bool:
        return (state.format, state.library) == (FORMAT, self.library_id)

    def _generations(self) -> list[Path]:
        return [place for place in self.path.glob("generation-*") if place.name[11:].isdecimal()]

    def _delete_others(self, used: Collection[Path]) -> None:
        for place in self._generations():
            if place not in used:
                shutil.rmtree(place, ignore_errors=True)

    @property
    def _state_file(self) -> Path:
        return self.path / "state.json"

    @property
    def _building_file(self) -> Path:
        return self.path / "building.json"
