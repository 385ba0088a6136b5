"""Submissions: who proposed a paper on a public list, and when."""

from datetime import timedelta

from broadsheet.library import Library
from broadsheet.model import Submission
from broadsheet.rules.normalize import make_paper
from broadsheet.store.submissions import upsert_submissions
from tests.conftest import NOW

KITES = make_paper(title="How Kites Learn", arxiv="2603.00001")


def submission(
    by: str, hours_ago: float, source: str = "hf", paper_id: str = KITES.id
) -> Submission:
    return Submission(paper_id, by, NOW - timedelta(hours=hours_ago), source)


def store(library: Library, *submitted: Submission) -> None:
    with library._database.write() as connection:
        upsert_submissions(connection, submitted)


def test_the_first_submission_at_a_source_is_kept(empty_library: Library) -> None:
    empty_library.add("test", [KITES])
    store(empty_library, submission("ada", 5))
    store(empty_library, submission("bo", 4))
    assert empty_library.submissions([KITES.id]) == {KITES.id: submission("ada", 5)}


def test_the_earliest_submission_of_several_sources_is_returned(empty_library: Library) -> None:
    empty_library.add("test", [KITES])
    store(empty_library, submission("ada", 5), submission("bo", 9, "elsewhere"))
    assert empty_library.submissions([KITES.id])[KITES.id].by == "bo"


def test_a_submission_of_an_unknown_paper_is_skipped(empty_library: Library) -> None:
    store(empty_library, submission("ada", 5, paper_id="arxiv:2603.99999"))
    assert empty_library.submissions(["arxiv:2603.99999"]) == {}
