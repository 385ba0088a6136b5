"""Size and complexity of a source tree, and the imports between its rooms.

    python bench/code.py SRC… [--json]

SRC is a folder that holds the package, such as `src`. Lines are those of the file; a function's
lines run from its `def` to its last; complexity is McCabe's, counted by radon.
"""

import argparse
import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson
from radon.complexity import cc_visit

PACKAGE = "broadsheet"
LONG_FILE, LONG_FUNCTION, COMPLEX = 400, 50, 10


@dataclass(frozen=True, slots=True)
class Function:
    """One function or method: its lines and its complexity."""

    lines: int
    complexity: int


def main() -> None:
    """Print one column for each tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="+", type=Path, metavar="SRC")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured = {str(tree): measure(tree / PACKAGE) for tree in options.trees}
    if options.json:
        print(orjson.dumps(measured, option=orjson.OPT_INDENT_2).decode())
        return
    for name in next(iter(measured.values())):
        print(f"{name:32}", *(f"{figures[name]:>10}" for figures in measured.values()))


def measure(package: Path) -> dict[str, float]:
    """Return the figures of one package folder."""
    files = sorted(path for path in package.rglob("*.py") if "versions" not in path.parts)
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in files]
    functions = [one for path in files for one in _functions(path)]
    length = sorted(one.lines for one in functions)
    complexity = sorted(one.complexity for one in functions)
    imports = {path: _imports(path) for path in files}
    rooms = {_room(path, package) for path in files}
    arrows = {
        (_room(path, package), other)
        for path, modules in imports.items()
        for other in (module.split(".")[1] for module in modules if "." in module)
        if other in rooms and other != _room(path, package)
    }
    return {
        "files": len(files),
        "lines": sum(lines),
        "file lines, median": median(lines),
        "file lines, longest": max(lines),
        f"files over {LONG_FILE} lines": sum(count > LONG_FILE for count in lines),
        "functions": len(functions),
        "function lines, median": median(length),
        "function lines, 95%": length[int(len(length) * 0.95)],
        "function lines, longest": length[-1],
        f"functions over {LONG_FUNCTION} lines": sum(count > LONG_FUNCTION for count in length),
        "complexity, mean": round(sum(complexity) / len(complexity), 2),
        "complexity, highest": complexity[-1],
        f"functions over complexity {COMPLEX}": sum(one > COMPLEX for one in complexity),
        "modules at the top level": len(list(package.glob("[!_]*.py"))),
        "rooms and top-level modules": len(rooms),
        "imports between them": len(arrows),
        "pairs that import each other": sum((b, a) in arrows for a, b in arrows) // 2,
        "pairs of files that do": _mutual_files(imports, package),
    }


def _functions(path: Path) -> Iterator[Function]:
    for block in cc_visit(path.read_text(encoding="utf-8")):
        if block.letter in "FM":
            yield Function(block.endline - block.lineno + 1, block.complexity)


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            found |= {f"{node.module}.{name.name}" for name in node.names} | {str(node.module)}
    return found


def _room(path: Path, package: Path) -> str:
    return path.relative_to(package).parts[0].removesuffix(".py")


def _mutual_files(imports: dict[Path, set[str]], package: Path) -> int:
    names = {
        path: ".".join((PACKAGE, *path.relative_to(package).with_suffix("").parts))
        for path in imports
    }
    pairs = {
        (path, other)
        for path, modules in imports.items()
        for other, name in names.items()
        if other != path and name in modules
    }
    return sum((b, a) in pairs for a, b in pairs) // 2


if __name__ == "__main__":
    main()
