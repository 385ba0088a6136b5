"""A new kind of signal is one row of one table."""

import ast
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "broadsheet"
# Adds a row to the table before anything imports it, then uses the new kind everywhere.
_PROGRAM = """
import sys, types
from datetime import UTC, datetime, timedelta
from pathlib import Path

table = Path(sys.argv[1]) / "model" / "signal.py"
row = '    SAVES = "saves", "save", 2.0, 5.0, True, True\\n'
before = '    STARS = "stars"'
source = table.read_text(encoding="utf-8")
assert source.count(before) == 1
module = types.ModuleType("broadsheet.model.signal")
sys.modules["broadsheet.model.signal"] = module
exec(compile(source.replace(before, row + before), str(table), "exec"), module.__dict__)

from starlette.testclient import TestClient
from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.model import Kind, Signal
from broadsheet.rules.normalize import make_paper
from broadsheet.store.attention import add_signals
from broadsheet.web.app import create_app

now = datetime(2026, 3, 11, 9, tzinfo=UTC)
settings = {"data": sys.argv[2], "rerank": False, "sources": "none"}
with Library(load_settings(settings, environment={}), clock=lambda: now) as library:
    paper = make_paper(title="Kites", published="2026-03-10", arxiv="2603.00001")
    library.add("arxiv", [paper])
    with library._database.write() as connection:
        add_signals(connection, [
            Signal(paper.id, Kind("saves"), count, now - timedelta(hours=age), source)
            for source in ("zotero", "mendeley") for count, age in ((1.0, 9), (3.0, 5), (7.0, 1))
        ])
    library.trending.update()
    (trend,) = library.trending.list().trends
    assert trend.reason == "+7 saves in 24 h, 1 day old", trend.reason
    with TestClient(create_app(library), "http://localhost") as client:
        found = client.get(f"/api/v1/papers/{paper.id}").json()
        assert found["counts"] == {"saves": 7.0}, found["counts"]
        assert "saves" in str(client.app.openapi())
        page = client.get(f"/papers/{paper.id}").text
        assert "<strong>7</strong> saves" in page and "Saves rose from 1" in page
        assert "(saves / 5)" in " ".join(client.get("/about/ranking").text.split())
"""


def test_a_new_row_is_scored_explained_drawn_and_in_the_api(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(SOURCES), str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_no_other_file_lists_kinds() -> None:
    for path in SOURCES.rglob("*.py"):
        if path.parts[-2:] == ("model", "signal.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
                keys = node.keys if isinstance(node, ast.Dict) else node.elts
                kinds = [
                    key
                    for key in keys
                    if isinstance(key, ast.Attribute)
                    and isinstance(key.value, ast.Name)
                    and key.value.id == "Kind"
                ]
                # What one service reports, such as upvotes, comments and stars, is no list of all.
                assert len(kinds) <= 3, f"{path}:{node.lineno} lists kinds"
