"""Matches first, then neighbours; the same list however it is cut."""

import shutil
from pathlib import Path

import orjson
import pytest

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.model import Tier
from broadsheet.rules.intake import make_paper


def test_singular_and_plural_match_and_other_forms_are_neighbours(empty_library: Library) -> None:
    empty_library.add(
        "test",
        [
            make_paper(title="Converging models, converging model, converges model"),
            make_paper(title="Converged models of rivers"),
            make_paper(title="A converged model of rivers"),
            make_paper(title="Orchards in winter"),
        ],
    )
    empty_library.update_index()
    found = empty_library.search("converged model")
    titles = [hit.paper.title for hit in found.hits[:3]]
    assert set(titles[:2]) == {"Converged models of rivers", "A converged model of rivers"}
    assert titles[2].startswith("Converging")
    assert found.matches == 2
    assert [hit.tier for hit in found.hits[:3]] == [Tier.MATCH] * 2 + [Tier.NEIGHBOUR]


def test_pages_join_without_gap_or_repetition(library: Library) -> None:
    whole = [hit.paper.id for hit in library.search("kites", n=24).hits]
    cut = [
        hit.paper.id for o in range(0, 24, 5) for hit in library.search("kites", n=5, offset=o).hits
    ]
    assert whole == cut
    assert len(set(whole)) == len(whole) == library.search("kites").total


def test_every_hit_says_why(library: Library) -> None:
    for hit in library.search("optimized kites", n=24).hits:
        assert hit.why
        assert 0 <= hit.score <= 1


@pytest.mark.parametrize("query", ["", "   ", "\x00", "!!!", "的", "a" * 5000, "(((", "the of"])
def test_no_query_is_an_error(library: Library, query: str) -> None:
    found = library.search(query)
    assert found.total >= len(found.hits)


def test_a_deleted_index_is_made_again(library: Library) -> None:
    before = [hit.paper.id for hit in library.search("rivers").hits]
    settings = library.settings
    library.close()
    shutil.rmtree(settings.data / "index")
    with Library(settings) as again:
        assert again.behind()
        again.update_index()
        assert [hit.paper.id for hit in again.search("rivers").hits] == before


def test_a_damaged_index_is_set_aside_and_rebuilt(library: Library) -> None:
    settings = library.settings
    (vectors,) = (settings.data / "index").rglob("vectors.i8")
    vectors.write_bytes(b"")
    with Library(settings) as again:
        assert again.index.set_aside is not None
        again.update_index()
        assert again.search("rivers").total


def test_a_running_reader_sees_what_another_process_indexed(library: Library) -> None:
    library.search("zeppelins")
    with Library(library.settings) as other:
        other.add("test", [make_paper(title="Zeppelins over the bay")])
        other.update_index()
    assert library.search("zeppelins").hits[0].paper.title == "Zeppelins over the bay"


def test_a_rebuild_gives_the_same_answers(library: Library) -> None:
    before = library.search("optimized training", n=24).hits
    library.update_index(rebuild=True)
    assert library.search("optimized training", n=24).hits == before


def test_a_changed_paper_is_found_by_its_new_words_only(empty_library: Library) -> None:
    first = make_paper(title="An early draft about comets", arxiv="2502.00009")
    second = make_paper(title="A final paper about asteroids", arxiv="2502.00009")
    empty_library.add("arxiv-dump", [first])
    empty_library.update_index()
    empty_library.add("arxiv-dump", [second])
    empty_library.update_index()
    assert empty_library.search("asteroids").matches == 1
    assert empty_library.search("comets").matches == 0


def test_the_third_saved_page_leads_with_papers_that_hold_both_words(
    shared: Path, tmp_path: Path
) -> None:
    with Library(load_settings({"data": tmp_path}, environment={})) as library:
        library.import_starter()
        library.update_index()
        found = library.search("optimized training", n=300)
    assert found.matches >= 174
    for hit in found.hits[:174]:
        text = f"{hit.paper.title} {hit.paper.abstract}".lower()
        assert "optimized" in text
        assert "training" in text
    queries = orjson.loads((shared / "seeds" / "queries.json").read_bytes())
    assert "optimized training" in queries.values()
