"""Imports between rooms go down only, and no two files import each other."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "broadsheet"

# What each room may import besides itself, ground floor first.
ALLOWED: dict[str, set[str]] = {"model": set(), "errors": set(), "rules": {"model"}}
ALLOWED["http"] = {"model", "rules"}
ALLOWED["encoders"] = {"model", "http"}
ALLOWED["sources"] = {"model", "rules", "http"}
ALLOWED["store"] = {"model", "rules"}
ALLOWED["index"] = {"model", "rules", "encoders"}
ALLOWED["mail"] = {"model", "rules"}
_GROUND = set(ALLOWED)
# Flows meet in the store and the model, not in each other.
ALLOWED["ingest"] = {"model", "rules", "http", "sources", "store"}
ALLOWED["search"] = {"model", "rules", "encoders", "store", "index"}
ALLOWED["trending"] = {"model", "rules", "encoders", "store"}
ALLOWED["editions"] = {"model", "rules", "encoders", "store", "trending"}
ALLOWED["delivery"] = {"model", "rules", "store", "mail", "editions"}
ALLOWED["accounts"] = {"model", "rules", "store"}
_FLOWS = set(ALLOWED) - _GROUND
ALLOWED["config"] = {"model", "rules", "sources", "encoders", "mail"}
ALLOWED["doctor"] = {"model", "rules", "config"}
ALLOWED["library"] = _GROUND | _FLOWS | {"config", "doctor"}
ALLOWED["web"] = {"library", "model", "rules", "config"}
ALLOWED["serve"] = {"library", "web", "config"}
ALLOWED["cli"] = {"library", "serve", "config", "doctor", "ingest", "model", "rules"}
ALLOWED["__init__"] = {"library", "config"}
ALLOWED["__main__"] = {"cli"}

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


def test_the_order_of_rooms_has_no_arrow_upward() -> None:
    order = list(ALLOWED)
    for room, allowed in ALLOWED.items():
        assert all(order.index(below) < order.index(room) for below in allowed)


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_below(path: Path) -> None:
    room = room_of(module_of(path))
    assert {room_of(name) for name in imports_of(path)} <= ALLOWED[room] | {room, "errors"}


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
    assert loose == {"__init__", "__main__", "library", "config", "errors", "doctor"}


def test_no_file_is_a_drawer() -> None:
    drawers = {"utils", "helpers", "common", "manager", "base", "services"}
    assert not {path.stem for path in PACKAGE.rglob("*.py")} & drawers
