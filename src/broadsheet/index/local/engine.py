"""The embedded search engine: it searches, updates and replaces the generation that serves."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import Timeout
from numpy.typing import NDArray

from broadsheet.encoders.protocol import Encoder
from broadsheet.encoders.registry import SHIPPED, encoder_named
from broadsheet.errors import SearchIndexError
from broadsheet.index.engine import Changes, EngineRequest, EngineResponse, ReadChanges
from broadsheet.index.local.building import open_build, unfinished_build
from broadsheet.index.local.folder import IndexFolder
from broadsheet.index.local.generation import Generation, panics_as_errors
from broadsheet.index.local.generation_encoder import NO_ENCODER, NoEncoder, encoder_of
from broadsheet.index.local.retrieval import retrieve
from broadsheet.index.local.state import State
from broadsheet.index.spelling import corrected
from broadsheet.model import Mode
from broadsheet.rules.query import Query

_log = logging.getLogger("broadsheet.index")
_OnPapers = Callable[[int], None]


class LocalEngine:
    """A :class:`broadsheet.index.engine.SearchEngine` in a folder.

    Many threads may search it, and many processes may search and update it. If the vectors that
    serve are of another encoder, they continue to serve with that encoder until the next
    generation is built; an interrupted build is continued by the next process.

    If the files are deleted or damaged, :meth:`update` builds others. Until then the open files
    serve, unless another program changes those that are mapped: then a search raises.

    Parameters
    ----------
    folder : Path
        The index folder; created if absent, and may be deleted at any time.
    encoder : Encoder
        The encoder of new generations.
    library_id : str
        The library it is derived from; the index of another library is moved aside.
    spec : str
        The setting by which `load` loads `encoder` in another process.
    load : callable
        Loads the encoder of a generation that another process built. If it raises, that
        generation is searched by words only.

    Attributes
    ----------
    damaged_files : Path or None
        Where unusable files were moved when the folder was opened.
    is_upgraded : bool
        Whether the files in the folder had an earlier format when it was opened.

    Raises
    ------
    SearchIndexError
        If the folder cannot be created or written.
    """

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        library_id: str,
        spec: str = SHIPPED,
        load: Callable[[str], Encoder] = encoder_named,
    ) -> None:
        self._folder = IndexFolder(folder, library_id)
        self._encoder = encoder
        self._spec = spec
        self._load = load
        self._refreshing = threading.Lock()
        self._is_lost = False
        self._generation: Generation | None
        self.damaged_files: Path | None = None
        self.is_upgraded = False
        self._stamp = self._folder.stamp()
        with self._folder.errors():
            self._state, self._generation = self._open()

    @property
    def position(self) -> int:
        """The position in the change log up to which changes are applied; 0 without files."""
        return 0 if self._is_lost else self._state.position

    @property
    def generation(self) -> Generation:
        """The files that serve.

        Raises
        ------
        SearchIndexError
            If another program has changed them.
        """
        generation = self._generation
        if generation is not None and generation.is_unchanged:
            return generation
        # Without the last reference the files are closed, and the other program can continue.
        self._generation = None
        raise SearchIndexError(
            f"the index in {str(self._folder.path)!r} is damaged: a running server rebuilds it, "
            "or run 'broadsheet index'"
        )

    @property
    def rebuild_pending(self) -> bool:
        """Whether :meth:`update` has a new generation to build.

        True if the vectors are of another encoder, if a rebuild was interrupted, and if
        :meth:`check` found that the files on disk are deleted or damaged.
        """
        is_other = self._state.encoder != self._encoder.name
        return self._is_lost or is_other or self._unfinished() is not None

    @property
    def papers_rebuilt(self) -> int:
        """The number of rows of vectors in the generation that is being built."""
        state = self._unfinished()
        return state.rows if state else 0

    def search(self, request: EngineRequest) -> EngineResponse:
        """Retrieve matches and neighbors of a query."""
        generation = self.generation
        vector, error = None, None
        if request.mode is not Mode.LEXICAL:
            try:
                vector = generation.encode([request.query.plain])[0]
            except SearchIndexError as unreachable:
                error = str(unreachable)
        response = self._retrieve(generation, request, vector)
        return response if error is None else replace(response, encoder_error=error)

    def similar(self, num: int, request: EngineRequest) -> EngineResponse:
        """Retrieve as :meth:`search` does, with the vector of a paper instead of the query's."""
        generation = self.generation
        with self._folder.read_errors():
            vector = generation.vectors.take(np.asarray([num])).dequantized()[0]
        return self._retrieve(generation, request, vector)

    def categories(self) -> dict[str, int]:
        """Return the number of papers of each category; of very many, the largest."""
        with self._folder.read_errors():
            return self.generation.lexical.categories()

    def suggest(self, query: Query) -> str | None:
        """Return the text of a query with likely misspellings corrected, or None without any."""
        with self._folder.read_errors():
            return corrected(self.generation.lexical, query)

    def refresh(self) -> None:
        """Open what another process has written; reads one file status if that is nothing."""
        if self._stamp == self._folder.stamp():
            return
        # Files that were deleted meanwhile were replaced again: the next refresh opens those.
        with self._refreshing, suppress(OSError, ValueError), panics_as_errors():
            stamp = self._folder.stamp()
            # Of many searches that notice a change at once, the first one opens it.
            if stamp == self._stamp:
                return
            state = self._folder.read_state()
            if state is None:
                return
            same = (state.generation, state.encoder)
            generation = self._generation
            if generation and same == (self._state.generation, self._state.encoder):
                generation.reload()
            elif not self._switch_to(state):
                return
            self._stamp, self._state, self._is_lost = stamp, state, False

    def check(self) -> None:
        """Set :attr:`rebuild_pending` if the files on disk are deleted or damaged.

        Reads only the files that have changed since the last call, and does nothing while another
        process writes.
        """
        # A disk that cannot be written has no lock: nothing can be rebuilt there either.
        with suppress(Timeout, OSError, SearchIndexError):
            self._folder.create()
            with self._folder.lock.acquire(timeout=0):
                self._check()

    def apply(self, changes: Changes, position: int) -> None:
        """Apply one batch of changes; :meth:`update` is faster for several."""
        with self._writing():
            serving = self.generation
            with serving.writing() as apply:
                apply(changes)
            serving.vectors.save_graph()
            self._store_position(max(position, self.position))

    def update(
        self,
        read: ReadChanges,
        on_papers: _OnPapers | None = None,
        build_for_s: float | None = None,
    ) -> None:
        """Apply all changes after :attr:`position`, and continue a pending rebuild.

        If another process is building, this one does not.

        Parameters
        ----------
        read : callable
            Reads the next changes.
        on_papers : callable, optional
            Called with the number of papers of each batch; of a rebuild if there is one, first
            with the number that an earlier run built.
        build_for_s : float or None
            Seconds after which the rebuild is left to the next call; 0 builds nothing, None
            builds all.

        Raises
        ------
        SearchIndexError
            If the files cannot be written; batches that were applied stay.
        """
        self.check()
        if self._is_lost:
            # Nothing, or no longer what the library has, serves: the rebuild has no time limit.
            build_for_s = None
        applied, builds = True, self.rebuild_pending and build_for_s != 0
        if self.rebuild_pending:
            applied = self._try_apply_all(read, None if builds else on_papers)
        else:
            self._apply_all(read, on_papers)
        lock = self._folder.building_lock
        with self._folder.errors(), suppress(Timeout), lock.acquire(timeout=0):
            if builds and self.rebuild_pending:
                until = math.inf if build_for_s is None else time.monotonic() + build_for_s
                self._build(read, on_papers, applied, until)
            self._delete_unused()

    def rebuild(self, read: ReadChanges, on_papers: _OnPapers | None = None) -> None:
        """Build a new generation; the present one serves until the new one is complete.

        An interrupted rebuild is continued.

        Parameters
        ----------
        read, on_papers
            As for :meth:`update`.

        Raises
        ------
        SearchIndexError
            If the files cannot be written; the next call continues from there.
        """
        with self._folder.errors(), self._folder.building_lock:
            self._build(read, on_papers, self._try_apply_all(read))
            self._delete_unused()

    def _apply_all(self, read: ReadChanges, on_papers: _OnPapers | None = None) -> None:
        with (
            self._writing(),
            closing(self.generation.update(self.position, read, on_papers)) as positions,
        ):
            for position in positions:
                self._store_position(position)

    def _try_apply_all(self, read: ReadChanges, on_papers: _OnPapers | None = None) -> bool:
        # An encoder that cannot be reached any more is a reason to change it, not an error.
        try:
            self._apply_all(read, on_papers)
        except SearchIndexError:
            return False
        return True

    def _build(
        self,
        read: ReadChanges,
        on_papers: _OnPapers | None,
        applied: bool,
        until: float = math.inf,
    ) -> None:
        build = open_build(self._folder, self._encoder, self._spec, self._state)
        if on_papers is not None and len(build.generation):
            on_papers(len(build.generation))
        with closing(build.update(read, on_papers)) as steps:
            for _ in steps:
                applied = applied and self._try_apply_all(read)
                if time.monotonic() > until:
                    return
        with self._writing(replaces=True):
            for _ in build.update(read):
                pass
            self._serve(build.state, build.generation)

    def _delete_unused(self) -> None:
        with self._writing():
            self._folder.delete_unused(self._state)

    def _unfinished(self) -> State | None:
        return unfinished_build(self._folder, self._encoder, self._state)

    def _switch_to(self, state: State) -> bool:
        """Open a generation that another process built; return False without its encoder."""
        encoder = self._encoder_of(state)
        if encoder.name != state.encoder:
            return False
        place = self._folder.generation(state)
        self._generation = Generation(place, encoder, state.dim, state.rows)
        # The process that built it started later and has newer settings, so adopt its encoder.
        if state.encoder not in (self._state.encoder, self._encoder.name, NO_ENCODER):
            self._encoder, self._spec = encoder, state.spec
        return True

    def _encoder_of(self, state: State) -> Encoder:
        return encoder_of(state, self._encoder, self._load)

    def _open(self) -> tuple[State, Generation]:
        opened = self._open_serving()
        if opened is None:
            # Repeated under the lock: another process may just have replaced the files.
            with self._folder.lock:
                opened = self._open_serving() or self._start()
        return opened

    def _open_serving(self) -> tuple[State, Generation] | None:
        state = self._folder.read_state()
        if state is None:
            return None
        encoder, place = self._encoder_of(state), self._folder.generation(state)
        try:
            return state, Generation(place, encoder, state.dim, state.rows)
        except (OSError, ValueError):
            return None

    def _start(self) -> tuple[State, Generation]:
        self.is_upgraded = self._folder.has_earlier_state()
        if self._folder.has_state() and not self.is_upgraded:
            self.damaged_files = self._folder.move_damaged()
        encoder = self._encoder
        try:
            state = self._folder.new_state(encoder, self._spec)
        except SearchIndexError:
            # The encoder cannot be reached: papers are searched by words until it can be.
            encoder = NoEncoder(1)
            state = self._folder.new_state(encoder, self._spec)
        generation = Generation(self._folder.generation(state), encoder, state.dim)
        self._serve(state, generation)
        return state, generation

    @contextmanager
    def _writing(self, *, replaces: bool = False) -> Iterator[None]:
        with self._folder.errors(), self._folder.lock:
            self._check()
            if self._is_lost and not replaces:
                raise SearchIndexError(
                    f"files of the index in {str(self._folder.path)!r} are deleted or damaged: "
                    "run 'broadsheet index'"
                )
            if not self._is_lost and self._state != self._folder.read_state():
                raise SearchIndexError(
                    f"the index in {str(self._folder.path)!r} was replaced by another version of "
                    "Broadsheet: restart this process"
                )
            yield

    def _check(self) -> None:
        self.refresh()
        stamp, state = self._folder.stamp(), self._folder.read_state()
        if state is None:
            self._is_lost = not self._folder.has_newer_state()
            return
        try:
            with panics_as_errors():
                if state == self._state:
                    self._check_files(state)
                elif self._switch_to(state):
                    self._state, self._stamp = state, stamp
        except (OSError, ValueError) as error:
            if not self._is_lost:
                _log.warning("the index is rebuilt: %s", error)
            self._is_lost = True
        else:
            self._is_lost = False

    def _check_files(self, state: State) -> None:
        generation = self._generation
        if generation is not None and generation.is_unchanged:
            generation.check()
            return
        self._generation = generation = None
        encoder, place = self._encoder_of(state), self._folder.generation(state)
        self._generation = Generation(place, encoder, state.dim, state.rows)

    def _store_position(self, position: int) -> None:
        serving = self.generation
        # The name too: papers that were applied without an encoder have no vectors of it.
        name, rows = serving.encoder.name, serving.vectors.rows
        state = replace(self._state, encoder=name, position=position, rows=rows)
        self._serve(state, serving)

    def _serve(self, state: State, generation: Generation) -> None:
        self._folder.write_state(state)
        with self._refreshing:
            self._generation, self._is_lost = generation, False
            self._state, self._stamp = state, self._folder.stamp()

    def _retrieve(
        self, generation: Generation, request: EngineRequest, vector: NDArray[np.float32] | None
    ) -> EngineResponse:
        with self._folder.read_errors():
            return retrieve(generation, request, _nonzero(vector))


def _nonzero(vector: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    return vector if vector is not None and vector.any() else None
