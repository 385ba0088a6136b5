"""The index folder: which generation serves, which is being built, and how far each has come."""

import math
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from broadsheet.encoders.protocol import Encoder
from broadsheet.encoders.registry import SHIPPED, encoder_named
from broadsheet.errors import BroadsheetError, SearchIndexError
from broadsheet.index.local.generation import Changes, Generation, panics_as_errors
from broadsheet.index.local.state import FORMAT, State, read_state, write_state

_NO_ENCODER = "none"
_OnPapers = Callable[[int], None]


class _NoEncoder:
    """Stands in for an encoder that cannot be loaded: words are searched, meaning is not."""

    name = _NO_ENCODER

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.zeros((len(texts), self.dim), dtype=np.float32)


class SearchIndex:
    """What search reads; many threads may read it and many processes follow it.

    ``state.json`` tells which generation serves. Where that one was made by another encoder, it
    goes on serving with that encoder while the next is built beside it; ``building.json`` tells
    how far that has come, so that whatever ends a process, the next one goes on from there.

    Parameters
    ----------
    folder : Path
        Where its files lie; made when absent, deletable at any time.
    encoder : Encoder
        Makes vectors of texts.
    library_id : str
        Whose changes it follows; the folder of another library starts anew.
    spec : str
        By what name `load` gives `encoder` to another process.
    load : callable
        Loads the encoder of a generation that another one made. Where it raises, that
        generation is searched by word only.

    Attributes
    ----------
    set_aside : Path or None
        Where files that could not be used were moved when this was opened.

    Raises
    ------
    SearchIndexError
        Where the folder cannot be made or written.
    """

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        library_id: str,
        spec: str = SHIPPED,
        load: Callable[[str], Encoder] = encoder_named,
    ) -> None:
        self._folder = folder
        self._encoder = encoder
        self._spec = spec
        self._load = load
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
        # A build may take hours, following the serving files seconds: each has its own turn.
        self._lock = FileLock(folder / "lock")
        self._building_lock = FileLock(folder / "building.lock")
        self._stamp = self._stamp_now()
        with self._failing():
            self._state, self._generation = self._open()

    @property
    def position(self) -> int:
        """How far the library's changes have been followed."""
        return self._state.position

    @property
    def generation(self) -> Generation:
        """The files that serve."""
        return self._generation

    @property
    def outdated(self) -> bool:
        """Whether :meth:`follow` has files to build beside those that serve.

        True where another encoder made them, and where a rebuild was begun and not finished.
        """
        return self._state.encoder != self._encoder.name or self._begun() is not None

    @property
    def built(self) -> int:
        """How many papers the files have taken in that are being built."""
        state = self._begun()
        return state.rows if state else 0

    def refresh(self) -> None:
        """See what another process has written since; where nothing was, one look at a file."""
        if self._stamp == self._stamp_now():
            return
        # Files that went while they were opened were replaced once more: seen the next time.
        with self._refreshing, suppress(OSError, ValueError), panics_as_errors():
            stamp = self._stamp_now()
            state = self._read_state()
            if state is None:
                return
            same = (state.generation, state.encoder)
            if same == (self._state.generation, self._state.encoder):
                self._generation.reload()
            elif not self._adopt(state):
                return
            self._stamp, self._state = stamp, state

    def follow(
        self,
        changes: Changes,
        on_papers: _OnPapers | None = None,
        build_for_s: float | None = None,
    ) -> None:
        """Apply the library's changes since the last time, and finish what is to be built.

        Where another process is building, it is left to that one.

        Parameters
        ----------
        changes : callable
            As in :meth:`broadsheet.index.local.generation.Generation.follow`.
        on_papers : callable, optional
            Told how many papers each step took in; where files are built, how many went into
            those, and first how many were there from an earlier run.
        build_for_s : float or None
            After how long to leave the building of files to the next run; 0 builds none, None
            finishes it.

        Raises
        ------
        SearchIndexError
            Where the files cannot be written; what was applied stays.
        """
        levels, builds = True, self.outdated and build_for_s != 0
        if self.outdated:
            levels = self._try_to_level(changes, None if builds else on_papers)
        else:
            self._level(changes, on_papers)
        with self._failing(), suppress(Timeout), self._building_lock.acquire(timeout=0):
            if builds and self.outdated:
                until = math.inf if build_for_s is None else time.monotonic() + build_for_s
                self._build(changes, on_papers, levels, until)
            self._sweep()

    def rebuild(self, changes: Changes, on_papers: _OnPapers | None = None) -> None:
        """Build anew beside the present files, which serve until the new ones are complete.

        A rebuild that was begun and not finished is finished.

        Parameters
        ----------
        changes, on_papers
            As in :meth:`follow`.

        Raises
        ------
        SearchIndexError
            Where the files cannot be written; the next run goes on from there.
        """
        with self._failing(), self._building_lock:
            self._build(changes, on_papers, self._try_to_level(changes))
            self._sweep()

    def _level(self, changes: Changes, on_papers: _OnPapers | None = None) -> None:
        with self._writing():
            serving = self._generation
            with closing(serving.follow(self.position, changes, on_papers)) as steps:
                for position in steps:
                    # Papers taken in without an encoder make these vectors nobody's.
                    name, rows = serving.encoder.name, serving.vectors.rows
                    state = replace(self._state, encoder=name, position=position, rows=rows)
                    self._put(state, serving)

    def _build(
        self,
        changes: Changes,
        on_papers: _OnPapers | None,
        levels: bool,
        until: float = math.inf,
    ) -> None:
        state, built = self._resume() or self._begin()
        if on_papers is not None and len(built.lexical):
            on_papers(len(built.lexical))
        with closing(built.follow(state.position, changes, on_papers)) as steps:
            for position in steps:
                state = replace(state, position=position, rows=built.vectors.rows)
                write_state(self._building_file, state)
                levels = levels and self._try_to_level(changes)
                if time.monotonic() > until:
                    return
        with self._writing():
            with closing(built.follow(state.position, changes)) as steps:
                for position in steps:
                    state = replace(state, position=position, rows=built.vectors.rows)
            self._put(state, built)

    def _try_to_level(self, changes: Changes, on_papers: _OnPapers | None = None) -> bool:
        # An encoder that cannot be reached any more is a reason to change it, none to fail.
        try:
            self._level(changes, on_papers)
        except SearchIndexError:
            return False
        return True

    def _begun(self) -> State | None:
        state = read_state(self._building_file)
        mine = (FORMAT, self._encoder.name, self._library_id)
        if state is None or (state.format, state.encoder, state.library) != mine:
            return None
        return state if state.generation != self._state.generation else None

    def _resume(self) -> tuple[State, Generation] | None:
        state = self._begun()
        if state is None or not state.position:
            return None
        try:
            place = self._place(state.generation)
            return state, Generation(place, self._encoder, state.dim, state.rows)
        except (OSError, ValueError):
            return None

    def _begin(self) -> tuple[State, Generation]:
        state = self._first_state(self._encoder)
        # Told first, so that nobody takes the folder for a leftover.
        write_state(self._building_file, state)
        return state, Generation(self._place(state.generation), self._encoder, state.dim)

    def _adopt(self, state: State) -> bool:
        """Go over to files that another process put in place; False where they are of no use."""
        encoder = self._encoder_of(state)
        if encoder.name != state.encoder:
            return False
        place = self._place(state.generation)
        self._generation = Generation(place, encoder, state.dim, state.rows)
        # Who was started later knows the settings of today: it is not built back.
        if state.encoder not in (self._state.encoder, self._encoder.name, _NO_ENCODER):
            self._encoder, self._spec = encoder, state.spec
        return True

    def _encoder_of(self, state: State) -> Encoder:
        if state.encoder == self._encoder.name:
            return self._encoder
        if state.encoder != _NO_ENCODER:
            with suppress(BroadsheetError, OSError, ValueError):
                loaded = self._load(state.spec)
                if loaded.name == state.encoder:
                    return loaded
        return _NoEncoder(state.dim)

    def _open(self) -> tuple[State, Generation]:
        opened = self._open_present()
        if opened is None:
            # Looked at again in turn: another process may just have put others in their place.
            with self._lock:
                opened = self._open_present() or self._start()
        return opened

    def _open_present(self) -> tuple[State, Generation] | None:
        state = self._read_state()
        if state is None:
            return None
        encoder, place = self._encoder_of(state), self._place(state.generation)
        try:
            return state, Generation(place, encoder, state.dim, state.rows)
        except (OSError, ValueError):
            return None

    def _start(self) -> tuple[State, Generation]:
        if self._state_file.exists():
            self._move_aside()
        encoder = self._encoder
        try:
            state = self._first_state(encoder)
        except SearchIndexError:
            # It cannot be reached now; words can be searched, and it is built later.
            encoder = _NoEncoder(1)
            state = self._first_state(encoder)
        generation = Generation(self._place(state.generation), encoder, state.dim)
        self._put(state, generation)
        return state, generation

    def _move_aside(self) -> None:
        for earlier in self._folder.glob("set-aside-*"):
            shutil.rmtree(earlier, ignore_errors=True)
        aside = self._folder / f"set-aside-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        aside.mkdir()
        begun = read_state(self._building_file)
        for place in (*self._places(), self._state_file):
            if begun is None or place != self._place(begun.generation):
                place.rename(aside / place.name)
        self.set_aside = aside

    def _sweep(self) -> None:
        """Remove what neither serves nor is being built; in the builder's turn only.

        What another encoder began is kept: it is gone on with when that one is set again.
        """
        with self._writing():
            begun = read_state(self._building_file)
            kept = {self._place(state.generation) for state in (self._state, begun) if state}
            for place in self._places():
                if place not in kept:
                    shutil.rmtree(place, ignore_errors=True)
            if len(kept) < 2:
                self._building_file.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._failing(), self._lock:
            self.refresh()
            if not self._state_file.exists():
                self._state, self._generation = self._open()
            if self._state != self._read_state():
                raise SearchIndexError(
                    f"the index in {str(self._folder)!r} was replaced by another version of "
                    "Broadsheet: restart this process"
                )
            yield

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            with panics_as_errors():
                yield
        except (OSError, ValueError) as error:
            raise SearchIndexError(
                f"the index in {str(self._folder)!r} could not be written ({error}): free some "
                "disk space, or run 'broadsheet index --rebuild'"
            ) from error

    def _first_state(self, encoder: Encoder) -> State:
        taken = [int(place.name.rpartition("-")[2]) for place in self._places()]
        number = 1 + max(taken, default=0)
        spec, dim = self._spec, encoder.dim
        return State(FORMAT, encoder.name, spec, dim, self._library_id, number, 0, 0)

    def _places(self) -> list[Path]:
        return [place for place in self._folder.glob("generation-*") if place.name[11:].isdecimal()]

    def _place(self, generation: int) -> Path:
        return self._folder / f"generation-{generation}"

    @property
    def _state_file(self) -> Path:
        return self._folder / "state.json"

    @property
    def _building_file(self) -> Path:
        return self._folder / "building.json"

    def _stamp_now(self) -> tuple[int, int]:
        # The number of the file too: clocks of file systems are coarser than two quick writes.
        try:
            told = self._state_file.stat()
        except FileNotFoundError:
            return 0, 0
        return told.st_mtime_ns, told.st_ino

    def _read_state(self) -> State | None:
        state = read_state(self._state_file)
        if state is None or (state.format, state.library) != (FORMAT, self._library_id):
            return None
        return state

    def _put(self, state: State, generation: Generation) -> None:
        write_state(self._state_file, state)
        with self._refreshing:
            self._generation = generation
            self._state, self._stamp = state, self._stamp_now()
