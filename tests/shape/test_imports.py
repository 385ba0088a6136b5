"""Data goes one way, and imports never go back up."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "broadsheet"

# What each room may import, itself and `errors` aside.
_BELOW: dict[str, set[str]] = {
    "errors": set(),
    "model": set(),
    "rules": {"model"},
    "progress": set(),
    "config": set(),
}
for _name in ("sources", "store", "index", "mail"):
    _BELOW[_name] = {"model", "rules"}
_ROOMS = {"model", "rules", "sources", "store", "index", "mail"}
for _verb in ("ingest", "fetch", "trend", "publish", "subscribe", "deliver", "search", "refine"):
    _BELOW[_verb] = _ROOMS
_BELOW["publish"] = _ROOMS | {"trend"}
_BELOW["desk"] = _ROOMS | {"trend", "publish", "config"}
_BELOW["refinery"] = _ROOMS | {"refine", "search"}
_BELOW["readers"] = _ROOMS | {"subscribe"}
_BELOW["tokens"] = _ROOMS
_BELOW["gather"] = _ROOMS | {"fetch", "config"}
_BELOW["post"] = _ROOMS | {"deliver", "config"}
_BELOW["health"] = {"model"}
_BELOW["examine"] = {"model", "rules", "config", "health"}
_VERBS = {"ingest", "gather", "publish", "subscribe", "deliver", "post", "search", "refine"}
_VERBS |= {"trend", "desk", "readers", "refinery", "tokens", "health", "examine"}
_BELOW["library"] = _ROOMS | _VERBS | {"config"}
_BELOW["web"] = {"library", "model", "rules", "config", "health"}
_BELOW["jobs"] = {"library", "config"}
_BELOW["serve"] = {"library", "web", "jobs", "config"}
_BELOW["cli"] = {"library", "serve", "config", "progress", "ingest", "fetch", "model", "rules"}
_BELOW["__main__"] = {"cli"}
_BELOW["__init__"] = {"library", "config"}


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            _, _, inside = f"{node.module}.".partition("broadsheet.")
            names = [inside.partition(".")[0]] if inside else [name.name for name in node.names]
            if node.module.split(".")[0] == "broadsheet":
                rooms.update(names)
    return rooms


@pytest.mark.parametrize(
    "path",
    [path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_a_room_imports_only_from_below(path: Path) -> None:
    room = _room(path)
    assert _imported_rooms(path) <= _BELOW[room] | {room, "errors"}


def test_migrations_import_nothing_of_ours() -> None:
    for path in (PACKAGE / "store" / "migrations").rglob("*.py"):
        assert not _imported_rooms(path)


def test_no_file_is_a_drawer() -> None:
    drawers = {"utils", "helpers", "common", "manager", "base", "services"}
    assert not {path.stem for path in PACKAGE.rglob("*.py")} & drawers
