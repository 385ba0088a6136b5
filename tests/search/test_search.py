"""Matches before neighbors, pages, filters, orders and corrections."""

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from broadsheet.config import load_settings
from broadsheet.encoders.static import load_encoder
from broadsheet.index.engine import Changes, EngineRequest, EngineResponse, SearchEngine
from broadsheet.library import Library
from broadsheet.model import Mode, Sort, Tier
from broadsheet.rules import floor
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.query import Query, parse
from broadsheet.search import Request, search
from tests.conftest import NOW
from tests.index.in_memory_engine import InMemoryEngine


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


def test_pages_have_no_gap_and_no_repetition(library: Library) -> None:
    whole = [hit.paper.id for hit in library.search("kites", n=24).hits]
    cut = [
        hit.paper.id for o in range(0, 24, 5) for hit in library.search("kites", n=5, offset=o).hits
    ]
    assert whole == cut
    assert len(set(whole)) == len(whole) == library.search("kites").total


def test_every_hit_has_a_reason(library: Library) -> None:
    for hit in library.search("optimized kites", n=24).hits:
        assert hit.reason
        assert 0 <= hit.score <= 1


@pytest.mark.parametrize("query", ["", "   ", "\x00", "!!!", "的", "a" * 5000, "(((", "the of"])
def test_every_query_is_answered(library: Library, query: str) -> None:
    found = library.search(query)
    assert found.total >= len(found.hits)


def test_a_deleted_index_is_rebuilt(library: Library) -> None:
    before = [hit.paper.id for hit in library.search("rivers").hits]
    settings = library.settings
    library.close()
    shutil.rmtree(settings.data / "index")
    with Library(settings) as again:
        assert again.behind()
        again.update_index()
        assert [hit.paper.id for hit in again.search("rivers").hits] == before


def test_a_damaged_index_is_moved_aside_and_rebuilt(library: Library) -> None:
    settings = library.settings
    (vectors,) = (settings.data / "index").rglob("vectors.i8")
    vectors.write_bytes(b"")
    with Library(settings) as again:
        assert again.index.damaged_files is not None
        again.update_index()
        assert again.search("rivers").total


def test_a_running_reader_sees_what_another_process_indexed(library: Library) -> None:
    library.search("zeppelins")
    with Library(library.settings) as other:
        other.add("test", [make_paper(title="Zeppelins over the bay")])
        other.update_index()
    assert library.search("zeppelins").hits[0].paper.title == "Zeppelins over the bay"


def test_a_rebuild_returns_the_same_hits(library: Library) -> None:
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


def test_the_first_hits_of_the_third_saved_page_contain_both_words(
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


def test_an_invalid_query_is_answered_with_a_note(library: Library) -> None:
    found = library.search('"optimized kites')
    assert found.note is not None
    assert found.matches


def test_a_misspelling_is_corrected(library: Library) -> None:
    found = library.search("optimized lantrens")
    assert found.suggestion == "optimized lanterns"
    assert found.matches
    assert "lanterns" in (found.note or "")


def test_known_words_are_not_corrected(library: Library) -> None:
    assert library.search("optimized lantern").suggestion is None


def test_the_hits_of_a_sentence_are_one_list(library: Library) -> None:
    found = library.search("how do the seasons change what lanterns do in the wind of a valley")
    assert not found.tiers
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)


def test_a_pasted_abstract_finds_its_paper(library: Library) -> None:
    paper = library.search("lanterns").hits[0].paper
    found = library.search(f"{paper.title}. {paper.abstract}")
    assert found.hits[0].paper.id == paper.id
    assert found.note is None


def test_filters_apply_to_matches_and_neighbors(library: Library) -> None:
    everything = library.search("kites", n=24)
    without = library.search("kites -lanterns", n=24)
    assert everything.total > without.total
    assert all("lanterns" not in hit.paper.title.lower() for hit in without.hits)
    assert any(hit.tier is Tier.NEIGHBOUR for hit in without.hits)


def test_matches_are_counted_by_category_and_year_on_request(library: Library) -> None:
    assert library.search("kites").facets == {}
    found = library.search("kites", facets=True)
    assert found.facets["category"] == {"cs.LG": found.matches}


def test_by_date_the_newest_match_is_first(empty_library: Library) -> None:
    empty_library.add(
        "test",
        [
            make_paper(title=f"Kites of the year {year}, kites and kites", published=str(year))
            for year in (2021, 2024, 2019)
        ],
    )
    empty_library.update_index()
    found = empty_library.search("kites", sort=Sort.DATE)
    assert [hit.paper.published for hit in found.hits] == ["2024", "2021", "2019"]
    no_match = empty_library.search("gliders of all years", sort=Sort.DATE)
    assert [hit.paper.published for hit in no_match.hits] == ["2024", "2021", "2019"]


def test_by_trend_the_paper_with_votes_is_first(library: Library) -> None:
    last = library.search("kites").hits[-1].paper
    matches = [hit.paper for hit in library.search("kites").hits if hit.tier is Tier.MATCH]
    risen = matches[-1]
    for reader in "abcdefgh":
        library.vote(risen.id, reader, on=True)
    library.trending.update()
    first = library.search("kites", sort=Sort.TRENDING).hits[0].paper
    assert first.id == risen.id != last.id


def test_filters_alone_list_the_newest(library: Library) -> None:
    found = library.search("cat:cs.LG", n=24)
    assert found.matches == found.total > 0
    dates = [hit.paper.published or "" for hit in found.hits]
    assert dates == sorted(dates, reverse=True)


def test_each_mode_uses_words_or_meaning_or_both(library: Library) -> None:
    assert library.search("kites", mode=Mode.LEXICAL).matches
    assert library.search("xqzt", mode=Mode.LEXICAL).total == 0
    assert not library.search("kites", mode=Mode.SEMANTIC).tiers


def test_related_papers_are_similar_and_do_not_include_the_paper(library: Library) -> None:
    paper = library.search("lanterns").hits[0].paper
    near = library.related(paper, 5)
    assert len(near) == 5
    assert paper.id not in {one.id for one in near}
    assert "lanterns" in near[0].title.lower()


def test_deep_pages_of_a_large_library_have_no_repetition(empty_library: Library) -> None:
    empty_library.add(
        "test",
        [make_paper(title=f"Gliders and their wings, part {n}") for n in range(2_500)]
        + [make_paper(title=f"Kites over hill {n}") for n in range(40)],
    )
    empty_library.update_index()
    pages = [empty_library.search("kites", n=50, offset=offset) for offset in range(0, 1_100, 50)]
    ids = [hit.paper.id for page in pages for hit in page.hits]
    assert len(ids) == len(set(ids)) == 1_040
    assert {page.total for page in pages} == {1_040}
    whole = [hit.paper.id for hit in empty_library.search("kites", n=1_040).hits]
    assert ids == whole


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize(
    "query", ["kites", "kites -lanterns", "cat:cs.LG", "how do kites fly " * 3]
)
def test_a_clamped_offset_past_the_end_returns_the_last_page(
    library: Library, query: str, sort: Sort
) -> None:
    total = library.search(query, sort=sort).total
    last = library.search(query, n=5, offset=(total - 1) // 5 * 5, sort=sort)
    clamped = library.search(query, n=5, offset=4_000, sort=sort, clamp=True)
    assert clamped == last
    assert clamped.offset == (total - 1) // 5 * 5
    assert not library.search(query, n=5, offset=4_000, sort=sort).hits


class CountingEngine:
    """Counts the round trips of searches to an engine."""

    def __init__(self, engine: SearchEngine) -> None:
        self._engine = engine
        self.round_trips = 0
        self.position = engine.position

    def apply(self, changes: Changes, position: int) -> None:
        self._engine.apply(changes, position)

    def search(self, request: EngineRequest) -> EngineResponse:
        self.round_trips += 1
        return self._engine.search(request)

    def similar(self, num: int, request: EngineRequest) -> EngineResponse:
        self.round_trips += 1
        return self._engine.similar(num, request)

    def categories(self) -> dict[str, int]:
        return self._engine.categories()

    def suggest(self, query: Query) -> str | None:
        self.round_trips += 1
        return self._engine.suggest(query)


@pytest.mark.parametrize(
    ("query", "options", "round_trips"),
    [
        ("gliders", {}, 1),
        ("gliders wings", {"offset": 2_000}, 1),
        ("kites", {}, 1),
        ("kites", {"offset": 400}, 1),
        ("kites year:1990..", {}, 1),
        ("cat:cs.LG", {}, 1),
        ("gliders", {"mode": Mode.LEXICAL}, 1),
        ("gliders", {"mode": Mode.SEMANTIC}, 1),
        ("gliders", {"sort": Sort.DATE}, 1),
        ("xyzzyq", {"sort": Sort.DATE}, 3),
        ("how do the wings of gliders in part two change with the wind", {}, 1),
        ("kites", {"offset": 9_980, "clamp": True}, 1),
        ("glidres", {}, 3),
    ],
)
def test_a_query_takes_one_or_two_round_trips(
    empty_library: Library, query: str, options: dict[str, Any], round_trips: int
) -> None:
    empty_library.add(
        "test",
        [
            make_paper(
                title=f"Gliders and their wings, part {n}" if n > 40 else f"Kites over hill {n}",
                categories=("cs.LG",),
                published="2024",
            )
            for n in range(2_500)
        ],
    )
    empty_library.update_index()
    engine = CountingEngine(empty_library.index)
    request = Request(parse(query, NOW.date()), NOW.date(), **options)
    search(empty_library._database, engine, request)
    assert engine.round_trips == round_trips


@pytest.mark.parametrize(
    "query",
    [
        "optimized kites",
        "kites -lanterns",
        "lantern OR river",
        "optimized lantrens",
        "how do the seasons change what lanterns do in the wind of a valley",
    ],
)
def test_every_engine_finds_the_same_papers(library: Library, query: str) -> None:
    engine = InMemoryEngine(load_encoder())
    position, changes = library._changes(0, 1_000)
    engine.apply(changes, position)
    request = Request(parse(query, NOW.date()), NOW.date(), n=24, facets=True)
    local = search(library._database, library.index, request)
    other = search(library._database, engine, request)
    assert (other.total, other.matches, other.tiers) == (local.total, local.matches, local.tiers)
    assert (other.suggestion, other.facets) == (local.suggestion, local.facets)
    assert {hit.paper.id: hit.tier for hit in other.hits} == {
        hit.paper.id: hit.tier for hit in local.hits
    }
    assert {hit.reason for hit in other.hits} == {hit.reason for hit in local.hits}


@pytest.mark.parametrize("query", ["zzzzqqq", "vrokul mibat", "9901.99999", "10.9999/unknown.7"])
def test_a_query_with_nothing_relevant_finds_no_papers(library: Library, query: str) -> None:
    found = library.search(query)
    assert (found.total, found.hits) == (0, ())


def test_a_query_that_no_paper_matches_keeps_relevant_neighbours(library: Library) -> None:
    found = library.search("optimizing lanterns in orchards of paper kites", n=3)
    assert found.total >= 3


def test_an_encoder_without_a_floor_keeps_its_neighbours(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floor, "FLOORS", {})
    assert library.search("zzzzqqq").total


def test_an_id_finds_its_paper_alone(library: Library) -> None:
    paper = next(hit.paper for hit in library.search("kites", n=24).hits if hit.paper.arxiv_id)
    found = library.search(f"https://arxiv.org/abs/{paper.arxiv_id}")
    assert [hit.paper.id for hit in found.hits] == [paper.id]
    assert found.hits[0].reason == f"id {paper.arxiv_id}"


_TITLES = (
    "Attention is all you need",
    "Attention is not all you need: attention alone needs attention to all you need to attend",
    "You need attention: all attention is what you need",
)


@pytest.mark.parametrize(
    "query",
    [
        "attention is all you need",
        "ATTENTION IS ALL YOU NEED!",
        "atention is all you need",
        '"attention is all you need"',
    ],
)
def test_the_paper_with_this_title_is_first(empty_library: Library, query: str) -> None:
    empty_library.add("test", [make_paper(title=title) for title in reversed(_TITLES)])
    empty_library.update_index()
    assert empty_library.search(query).hits[0].paper.title == _TITLES[0]


def test_a_long_title_with_an_error_is_first(empty_library: Library) -> None:
    title = "A study of how paper kites fly over the wide bay of lanterns in the winter"
    others = [make_paper(title=f"{title} and more kites, volume {n}") for n in range(5)]
    empty_library.add("test", [*others, make_paper(title=title)])
    empty_library.update_index()
    found = empty_library.search(title.replace("lanterns", "lantrens"))
    assert not found.tiers
    assert found.hits[0].paper.title == title


def test_the_first_results_of_a_sentence_are_counted_by_category_and_year(library: Library) -> None:
    sentence = "how do the seasons change what lanterns do in the wind of a valley"
    found = library.search(sentence, facets=True)
    assert found.faceted == found.total
    assert sum(found.facets["category"].values()) >= found.total
    assert library.search("kites", facets=True).faceted is None


def test_either_of_two_phrases_is_a_match(empty_library: Library) -> None:
    titles = ("Paper kites fly", "Stone bridges stand", "Kites of paper")
    empty_library.add("test", [make_paper(title=title) for title in titles])
    empty_library.update_index()
    found = empty_library.search('("paper kites" OR "stone bridges")')
    assert (found.matches, found.total) == (2, 2)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("kites author:cord", "“kites” in the title; author Ada Cord"),
        (
            '"paper kites" year:2024..',
            "“paper” and “kites” in the title; “paper kites” in the title",
        ),
        ("cat:cs.cl", "category cs.CL"),
        ("kites", "all words: “kites” in the title"),
    ],
)
def test_a_reason_names_the_field(empty_library: Library, query: str, reason: str) -> None:
    paper = make_paper(
        title="Paper kites", authors=("Ada Cord",), categories=("cs.CL",), published="2024-05-02"
    )
    empty_library.add("test", [paper])
    empty_library.update_index()
    assert empty_library.search(query).hits[0].reason.startswith(reason)
