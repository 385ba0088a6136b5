"""Draw the rooms and their imports as an SVG; `python -m tests.shape.drawing` writes it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.shape.test_imports import ROOMS, room_graph

PICTURE = Path(__file__).parents[2] / "docs" / "rooms.svg"
_BOX_W, _BOX_H, _GAP_X, _GAP_Y, _MARGIN = 104, 34, 26, 52, 30
_NOTE_H = 46
_LEFT_OUT = {"errors", "__init__", "__main__"}


def drawing(graph: Mapping[str, set[str]], allowed: Mapping[str, set[str]]) -> str:
    """Return the SVG of a graph: a room lies above all it may import, an upward arrow is red."""
    shown, levels = _shown(graph), _levels(_shown(allowed))
    rows = [[room for room in shown if levels[room] == level] for level in range(_height(levels))]
    width = max(len(row) for row in rows) * (_BOX_W + _GAP_X) - _GAP_X + 2 * _MARGIN
    height = len(rows) * (_BOX_H + _GAP_Y) - _GAP_Y + 2 * _MARGIN + _NOTE_H
    place = {
        room: (
            (width - len(row) * (_BOX_W + _GAP_X) + _GAP_X) / 2 + index * (_BOX_W + _GAP_X),
            _MARGIN + (len(rows) - 1 - level) * (_BOX_H + _GAP_Y),
        )
        for level, row in enumerate(rows)
        for index, room in enumerate(row)
    }
    reduced = _reduced(shown)
    imports = sum(len(below) for below in shown.values())
    note = (
        f"{len(shown)} rooms, {imports} imports between them, none upward; "
        "imports that a path of arrows implies are not drawn, nor those of errors"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" font-family="sans-serif" font-size="14">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#666"/></marker></defs>',
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
        *(_arrow(place, room, other) for room in reduced for other in sorted(reduced[room])),
        *(_box(room, *place[room]) for room in shown),
        f'<text x="{width / 2:g}" y="{height - 24:g}" text-anchor="middle" font-size="12" '
        f'fill="#444">{note}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _shown(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    return {room: below - _LEFT_OUT for room, below in graph.items() if room not in _LEFT_OUT}


def _levels(graph: Mapping[str, set[str]]) -> dict[str, int]:
    @cache
    def level(room: str) -> int:
        return 1 + max((level(below) for below in graph[room]), default=-1)

    return {room: level(room) for room in graph}


def _height(levels: Mapping[str, int]) -> int:
    return 1 + max(levels.values())


def _reduced(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Drop every arrow that a longer path implies."""

    def reachable(room: str, seen: frozenset[str]) -> set[str]:
        found = set(graph[room])
        for below in graph[room] - seen:
            found |= reachable(below, seen | graph[room])
        return found

    return {
        room: {
            one
            for one in below
            if not any(one in reachable(other, frozenset({room})) for other in below - {one})
        }
        for room, below in graph.items()
    }


def _arrow(place: Mapping[str, tuple[float, float]], room: str, other: str) -> str:
    (x1, y1), (x2, y2) = place[room], place[other]
    start, end = (x1 + _BOX_W / 2, y1 + _BOX_H), (x2 + _BOX_W / 2, y2)
    upward = ' stroke="#c00" stroke-width="3"' if end[1] <= start[1] else ' stroke="#999"'
    bend = (end[1] - start[1]) / 2
    path = (
        f"M{start[0]:g} {start[1]:g}C{start[0]:g} {start[1] + bend:g} "
        f"{end[0]:g} {end[1] - bend:g} {end[0]:g} {end[1]:g}"
    )
    return f'<path d="{path}" fill="none"{upward} marker-end="url(#tip)"/>'


def _box(room: str, x: float, y: float) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{_BOX_W}" height="{_BOX_H}" rx="4" fill="#f4f1ea" '
        f'stroke="#333"/><text x="{x + _BOX_W / 2:g}" y="{y + 22:g}" text-anchor="middle">'
        f"{room}</text>"
    )


if __name__ == "__main__":
    PICTURE.write_text(drawing(room_graph(), ROOMS), encoding="utf-8")
