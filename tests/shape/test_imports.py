"""Imports between rooms go down only, and no two files import each other."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "broadsheet"

# What each room imports besides itself and `errors`, ground floor first.
ROOMS: dict[str, set[str]] = {
    "model": set(),
    "errors": set(),
    "rules": {"model"},
    "http": set(),
    "encoders": {"model", "http"},
    "sources": {"model", "rules", "http"},
    "store": {"model", "rules"},
    "index": {"model", "rules", "encoders"},
    "mail": {"model", "rules"},
    "ingest": {"model", "rules", "http", "sources", "store"},
    "search": {"model", "rules", "encoders", "store", "index"},
    "trending": {"model", "rules", "encoders", "store"},
    "editions": {"model", "rules", "encoders", "store", "trending"},
    "delivery": {"model", "rules", "store", "mail"},
    "accounts": {"store"},
    "config": {"rules"},
    "doctor": {"model", "rules", "config"},
    "library": {
        "model",
        "rules",
        "encoders",
        "store",
        "index",
        "mail",
        "ingest",
        "search",
        "trending",
        "editions",
        "delivery",
        "accounts",
        "config",
        "doctor",
    },
    "web": {"model", "rules", "library"},
    "serve": {"rules", "config", "library", "web"},
    "cli": {"model", "rules", "ingest", "config", "library", "serve"},
    "__init__": {"config", "library"},
    "__main__": {"cli"},
}
# Flows meet in the store and the model, not in each other.
_FLOWS = {"ingest", "search", "trending", "editions", "delivery", "accounts"}
_BETWEEN_FLOWS = {("editions", "trending")}

_FILES = [path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts]


def room_of(module: str) -> str:
    """Return the room of a module such as ``broadsheet.rules.query``."""
    return module.split(".")[1] if "." in module else "__init__"


def module_of(path: Path) -> str:
    """Return the module name of a file."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    if parts == ("__init__",):
        return "broadsheet"
    return ".".join(("broadsheet", *parts)).removesuffix(".__init__")


MODULES = {module_of(path): path for path in _FILES}


def imports_of(path: Path) -> set[str]:
    """Return the modules of ours that a file imports, at its top or inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{name.name}" for name in node.names]
            found |= {name if name in MODULES else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return {name for name in found if name.split(".")[0] == "broadsheet"}


def room_graph() -> dict[str, set[str]]:
    """Return the rooms that each room imports, in the order of `ROOMS`."""
    graph: dict[str, set[str]] = {room: set() for room in ROOMS}
    for module, path in MODULES.items():
        graph[room_of(module)] |= {room_of(name) for name in imports_of(path)}
    return {room: below - {room, "errors"} for room, below in graph.items()}


def test_the_order_of_rooms_has_no_arrow_upward() -> None:
    order = list(ROOMS)
    for room, below in ROOMS.items():
        assert all(order.index(other) < order.index(room) for other in below)


def test_flows_do_not_import_each_other() -> None:
    between = {(room, other) for room in _FLOWS for other in ROOMS[room] & _FLOWS}
    assert between == _BETWEEN_FLOWS


def test_only_the_library_chooses_a_search_engine() -> None:
    users = {
        name for name, path in MODULES.items() if any(".index.local" in i for i in imports_of(path))
    }
    outside = {name for name in users if not name.startswith("broadsheet.index.local")}
    assert outside == {"broadsheet.library.library", "broadsheet.library.health"}


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_below(path: Path) -> None:
    room = room_of(module_of(path))
    assert {room_of(name) for name in imports_of(path)} <= ROOMS[room] | {room, "errors"}


def test_the_table_of_rooms_lists_no_import_too_many() -> None:
    assert room_graph() == ROOMS


def test_no_files_import_each_other() -> None:
    graph = {name: imports_of(path) for name, path in MODULES.items()}
    visited: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " imports ".join((*trail[trail.index(name) :], name))
        if name in visited:
            return
        for other in graph.get(name, set()) - {name}:
            visit(other, (*trail, name))
        visited.add(name)

    for name in graph:
        visit(name, ())


def test_migrations_import_nothing_of_ours() -> None:
    for path in (PACKAGE / "store" / "migrations").rglob("*.py"):
        assert not imports_of(path)


def test_the_top_level_holds_no_loose_modules() -> None:
    loose = {path.stem for path in PACKAGE.glob("*.py")}
    assert loose == {"__init__", "__main__", "errors", "doctor"}


def test_no_file_is_a_drawer() -> None:
    drawers = {"utils", "helpers", "common", "manager", "base", "services"}
    assert not {path.stem for path in PACKAGE.rglob("*.py")} & drawers
