"""The index folder: which generation serves, and how far it has followed the library."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
from filelock import FileLock

from broadsheet.errors import SearchIndexError
from broadsheet.index.encoder import Encoder
from broadsheet.index.generation import Changes, Generation

# Raised whenever the files change their form: older ones are rebuilt.
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class _State:
    """What ``state.json`` says; the file is replaced whole, so it is never half-written."""

    format: int
    encoder: str
    library: str
    generation: int
    position: int


class SearchIndex:
    """What search reads; many threads may read it and many processes follow it.

    Parameters
    ----------
    folder : Path
        Where its files lie; made when absent, deletable at any time.
    encoder : Encoder
        Makes vectors of texts; a folder built with another one starts anew.
    library_id : str
        Whose changes it follows; the folder of another library starts anew.

    Attributes
    ----------
    set_aside : Path or None
        Where files that could not be used were moved when this was opened.

    Raises
    ------
    SearchIndexError
        Where the folder cannot be made or written.
    """

    def __init__(self, folder: Path, encoder: Encoder, library_id: str) -> None:
        self._folder = folder
        self._encoder = encoder
        self._library_id = library_id
        self._refreshing = threading.Lock()
        self.set_aside: Path | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SearchIndexError(
                f"the index folder {str(folder)!r} cannot be made ({error.strerror}): "
                "check the path and its permissions"
            ) from error
        self._lock = FileLock(folder / "lock")
        self._stamp = self._stamp_now()
        self._state, self._generation = self._open()

    @property
    def position(self) -> int:
        """How far the library's changes have been followed."""
        return self._state.position

    @property
    def generation(self) -> Generation:
        """The files that serve."""
        return self._generation

    def refresh(self) -> None:
        """See what another process has written since; where nothing was, one look at a file."""
        if self._stamp == self._stamp_now():
            return
        with self._refreshing:
            stamp = self._stamp_now()
            state = self._read_state()
            if state is None or self._unfit(state):
                return
            if state.generation == self._state.generation:
                self._generation.reload()
            else:
                self._generation = Generation(self._place(state.generation), self._encoder)
            self._stamp, self._state = stamp, state

    def follow(self, changes: Changes, on_papers: Callable[[int], None] | None = None) -> None:
        """Apply the library's changes since the last time.

        Parameters
        ----------
        changes, on_papers
            As in :meth:`broadsheet.index.generation.Generation.follow`.

        Raises
        ------
        SearchIndexError
            Where the files cannot be written; what was applied stays.
        """
        with self._writing():
            for position in self._generation.follow(self.position, changes, on_papers):
                self._write_state(replace(self._state, position=position))

    def rebuild(self, changes: Changes, on_papers: Callable[[int], None] | None = None) -> None:
        """Build anew beside the present files, which serve until the new ones are complete.

        Parameters
        ----------
        changes, on_papers
            As in :meth:`follow`.
        """
        with self._writing():
            old = self._generation
            state = self._first_state(self._state.generation + 1)
            shutil.rmtree(self._place(state.generation), ignore_errors=True)
            built = Generation(self._place(state.generation), self._encoder)
            for position in built.follow(0, changes, on_papers):
                state = replace(state, position=position)
            self._generation = built
            self._write_state(state)
            shutil.rmtree(old.folder, ignore_errors=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._lock:
                self.refresh()
                yield
        except (OSError, ValueError) as error:
            raise SearchIndexError(
                f"the index in {str(self._folder)!r} could not be written ({error}): free some "
                "disk space, or run 'broadsheet index --rebuild'"
            ) from error

    def _open(self) -> tuple[_State, Generation]:
        state = self._read_state()
        if state is not None and not self._unfit(state):
            try:
                return state, Generation(self._place(state.generation), self._encoder)
            except (OSError, ValueError):
                self._move_aside(self._place(state.generation))
        number = state.generation + 1 if state else 1
        fresh = self._first_state(number)
        if self._place(number).exists():
            self._move_aside(self._place(number))
        return fresh, Generation(self._place(number), self._encoder)

    def _move_aside(self, place: Path) -> None:
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        self.set_aside = self._folder / f"set-aside-{moment}-{place.name}"
        place.rename(self.set_aside)

    def _unfit(self, state: _State) -> bool:
        mine = (_FORMAT, self._encoder.name, self._library_id)
        return (state.format, state.encoder, state.library) != mine

    def _first_state(self, generation: int) -> _State:
        return _State(_FORMAT, self._encoder.name, self._library_id, generation, 0)

    def _place(self, generation: int) -> Path:
        return self._folder / f"generation-{generation}"

    def _stamp_now(self) -> int:
        try:
            return (self._folder / "state.json").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _read_state(self) -> _State | None:
        try:
            return _State(**orjson.loads((self._folder / "state.json").read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _write_state(self, state: _State) -> None:
        partial = self._folder / "state.json.partial"
        with partial.open("wb") as file:
            file.write(orjson.dumps(asdict(state)))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._folder / "state.json")
        self._state, self._stamp = state, self._stamp_now()
