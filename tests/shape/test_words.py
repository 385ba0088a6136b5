"""Code, templates and documentation use the field's terms, not those they replaced."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Each word with the term that replaced it.
REPLACED = {
    "told": "the noun itself, such as row, payload or record",
    "rising": "trending",
    "printing": "revision",
    "printings": "revisions",
    "readings": "observations",
    "promise": "upvote prior",
    "foretells": "predicts",
    "anew": "again, or rebuilt",
    "refinery": "reranker",
    "sharpener": "reranker",
    "gatherer": "scheduler",
    "every word": "all words",
    "by and by": "in the background",
}
_ALLOWED = {
    # What an old address, library or test has is read by its old word.
    ("src/broadsheet/web/redirects.py", "printing"),
    ("src/broadsheet/store/editions.py", "rising"),
}
_WORD = re.compile(rf"\b({'|'.join(REPLACED)})\b", re.IGNORECASE)


def _texts() -> list[Path]:
    package = ROOT / "src" / "broadsheet"
    found = [path for suffix in ("py", "html", "txt") for path in package.rglob(f"*.{suffix}")]
    found += [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]
    return [path for path in found if "versions" not in path.parts]


def test_replaced_words_do_not_return() -> None:
    found = {
        (str(path.relative_to(ROOT)), word.lower())
        for path in _texts()
        for word in _WORD.findall(path.read_text(encoding="utf-8"))
    }
    assert found - _ALLOWED == set(), f"use instead: {REPLACED}"
