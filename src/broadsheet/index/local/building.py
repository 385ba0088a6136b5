"""Build the next generation of the index beside the one that serves."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace

from broadsheet.encoders.protocol import Encoder
from broadsheet.index.engine import ReadChanges
from broadsheet.index.local.folder import IndexFolder
from broadsheet.index.local.generation import Generation
from broadsheet.index.local.state import State


class Build:
    """A generation that is being built; whatever ends the process, the next one continues.

    Parameters
    ----------
    folder : IndexFolder
        The index folder; the caller holds its ``building_lock``.
    state : State
        How far the build has come.
    generation : Generation
        Its files.
    """

    def __init__(self, folder: IndexFolder, state: State, generation: Generation) -> None:
        self._folder = folder
        self.state = state
        self.generation = generation

    def update(
        self, read: ReadChanges, on_papers: Callable[[int], None] | None = None
    ) -> Generator[None, None, None]:
        """Apply the changes after the build's position; yields after each batch."""
        steps = self.generation.update(self.state.position, read, on_papers)
        with closing(steps):
            for position in steps:
                rows = self.generation.vectors.rows
                self.state = replace(self.state, position=position, rows=rows)
                self._folder.write_building(self.state)
                yield


def unfinished_build(folder: IndexFolder, encoder: Encoder, serving: State) -> State | None:
    """Return how far an unfinished build with an encoder has come; None if there is none."""
    state = folder.read_building(encoder)
    return state if state is not None and state.generation != serving.generation else None


def open_build(folder: IndexFolder, encoder: Encoder, spec: str, serving: State) -> Build:
    """Continue an unfinished build, or start a new one if there is none or it is damaged."""
    state = unfinished_build(folder, encoder, serving)
    if state is not None and state.position:
        try:
            place = folder.generation(state)
            return Build(folder, state, Generation(place, encoder, state.dim, state.rows))
        except (OSError, ValueError):
            pass
    state = folder.new_state(encoder, spec, serving.generation)
    # Written first, so that no process deletes the new folder as unused.
    folder.write_building(state)
    return Build(folder, state, Generation(folder.generation(state), encoder, state.dim))
