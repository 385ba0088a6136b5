"""Import of files: what is stored, skipped and counted."""

import json
from pathlib import Path

import pytest

from broadsheet.library import Library

ABSTRACT = "We measure how kites rise in the wind of the valley. They rise in the morning."
TITLE = "We measure how kites rise in the wind of the valley. They rise in the morning…"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"_id": "4983", "title": "", "text": ABSTRACT, "metadata": {}}),
        json.dumps({"abstract": ABSTRACT, "authors": ["Ada Windrow"]}),
        f"@article{{k, author={{Windrow, Ada}}, abstract={{{ABSTRACT}}}}}",
        f"TY  - JOUR\nAU  - Windrow, Ada\nAB  - {ABSTRACT}\nER  - \n",
        json.dumps([{"type": "article", "title": "", "abstract": ABSTRACT}]),
    ],
    ids=["BEIR", "JSON lines", "BibTeX", "RIS", "CSL-JSON"],
)
def test_a_record_without_a_title_gets_the_first_words_of_its_abstract(
    text: str, empty_library: Library, tmp_path: Path
) -> None:
    path = tmp_path / "papers"
    path.write_text(text)
    report = empty_library.import_file(path)
    assert (report.tally.new, report.untitled, report.skipped) == (1, 1, 0)
    (paper,) = empty_library.newest()[0]
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)


def test_titled_records_are_not_counted_as_untitled(empty_library: Library, tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    records = [
        {"title": "Kites", "abstract": "Kites"},
        {"title": "Kites rise in the wind", "abstract": ABSTRACT},
        {"title": ""},
    ]
    path.write_text("\n".join(map(json.dumps, records)))
    report = empty_library.import_file(path)
    assert (report.tally.new, report.untitled, report.skipped) == (2, 0, 1)
    assert report.malformed[0].reason == "missing title"
