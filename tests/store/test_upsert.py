"""Records of one work become one paper, and each record is stored."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broadsheet.config import load_settings
from broadsheet.errors import NotFoundError
from broadsheet.library import Library
from broadsheet.model import Paper
from broadsheet.rules.normalize import make_paper

PAGE = make_paper(title="How kites learn to fly", abstract="We watched kites.")
DUMP = make_paper(
    title="How Kites Learn to Fly",
    abstract="We watched four kites.",
    authors=("Ada Windrow",),
    arxiv="2502.00001",
    published="2025-02-03",
)
JOURNAL = make_paper(
    title="How kites learn to fly.", authors=("Windrow, A.",), doi="10.1234/kites", venue="Wind"
)


def test_two_records_of_one_work_become_one_paper_with_two_records(empty_library: Library) -> None:
    assert empty_library.add("saved-page", [PAGE]).tally.new == 1
    assert empty_library.add("arxiv-dump", [DUMP]).tally.merged == 1
    assert empty_library.health().papers == 1
    paper = empty_library.paper("arxiv:2502.00001")
    assert paper.authors == ("Ada Windrow",)
    assert [source for source, _, _ in empty_library.records(paper.id)] == [
        "saved-page",
        "arxiv-dump",
    ]


def test_a_paper_is_found_by_its_former_id(empty_library: Library) -> None:
    empty_library.add("saved-page", [PAGE])
    empty_library.add("arxiv-dump", [DUMP])
    assert empty_library.paper(PAGE.id).id == "arxiv:2502.00001"


def test_adding_the_same_record_again_changes_nothing(empty_library: Library) -> None:
    empty_library.add("arxiv-dump", [DUMP])
    before = empty_library.health()
    again = empty_library.add("arxiv-dump", [DUMP]).tally
    assert (again.new, again.merged, again.unchanged) == (0, 0, 1)
    assert empty_library.health() == before


def test_two_papers_are_merged_when_a_record_has_the_identifiers_of_both(
    empty_library: Library,
) -> None:
    other = make_paper(title="On kites, in a journal", doi="10.1234/kites")
    empty_library.add("arxiv-dump", [DUMP])
    empty_library.add("bibtex", [other])
    empty_library.vote(other.id, "reader", on=True)
    assert empty_library.health().papers == 2
    bridge = make_paper(title="How kites learn to fly", arxiv="2502.00001", doi="10.1234/kites")
    empty_library.add("ris", [bridge])
    assert empty_library.health().papers == 1
    assert empty_library.paper(other.id).id == "arxiv:2502.00001"
    assert empty_library.votes(["arxiv:2502.00001"]) == {"arxiv:2502.00001": 1}


def test_papers_with_different_arxiv_ids_are_not_merged_by_title(empty_library: Library) -> None:
    twin = make_paper(title=DUMP.title, authors=("Ada Windrow",), arxiv="2502.00002")
    empty_library.add("arxiv-dump", [DUMP, twin])
    assert empty_library.health().papers == 2


def test_papers_with_different_first_authors_are_not_merged_by_title(
    empty_library: Library,
) -> None:
    other = make_paper(title=DUMP.title, authors=("Carl Storm",), doi="10.9999/storm")
    empty_library.add("arxiv-dump", [DUMP])
    empty_library.add("bibtex", [other])
    assert empty_library.health().papers == 2


def test_an_unknown_id_raises_an_error_that_names_it(empty_library: Library) -> None:
    with pytest.raises(NotFoundError, match="no paper 'arxiv:1' in this library"):
        empty_library.paper("arxiv:1")


@given(order=st.permutations([("saved-page", PAGE), ("arxiv-dump", DUMP), ("bibtex", JOURNAL)]))
@hypothesis_settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_order_of_records_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[tuple[str, Paper]]
) -> None:
    settings = load_settings({"data": tmp_path_factory.mktemp("data")}, environment={})
    with Library(settings) as library:
        for source, paper in order:
            library.add(source, [paper])
        assert library.health().papers == 1
        paper = library.paper("arxiv:2502.00001")
        assert (paper.doi, paper.venue, paper.published) == ("10.1234/kites", "Wind", "2025-02-03")
