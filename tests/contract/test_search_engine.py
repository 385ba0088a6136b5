"""The SearchEngine protocol: every engine passes these tests."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from broadsheet.encoders.paper_text import text_of
from broadsheet.errors import SearchIndexError
from broadsheet.index.engine import Candidates, EngineRequest, SearchEngine
from broadsheet.index.local.engine import LocalEngine
from broadsheet.model import Mode
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.query import parse
from tests.index.in_memory_engine import InMemoryEngine
from tests.index.papers import PAPERS
from tests.index.samples import RandomEncoder

TODAY = date(2026, 11, 21)


@dataclass
class FailingEncoder:
    """An encoder that can be switched to fail."""

    encoder: RandomEncoder = field(default_factory=RandomEncoder)
    fails: bool = False

    @property
    def name(self) -> str:
        return self.encoder.name

    @property
    def dim(self) -> int:
        return self.encoder.dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.fails:
            raise SearchIndexError("the encoder is unreachable: start it")
        return self.encoder.encode(texts)


Engines = Callable[[FailingEncoder, Path], SearchEngine]
ENGINES: dict[str, Engines] = {
    "local": lambda encoder, folder: LocalEngine(folder, encoder, "a library"),
    "in memory": lambda encoder, _: InMemoryEngine(encoder),
}


@pytest.fixture(scope="module", params=list(ENGINES))
def create(request: pytest.FixtureRequest) -> Engines:
    return ENGINES[request.param]


@pytest.fixture
def encoder() -> FailingEncoder:
    return FailingEncoder()


@pytest.fixture
def empty(create: Engines, encoder: FailingEncoder, tmp_path: Path) -> SearchEngine:
    return create(encoder, tmp_path / "index")


@pytest.fixture(scope="module")
def engine(create: Engines, tmp_path_factory: pytest.TempPathFactory) -> SearchEngine:
    """Return an engine with four papers, which tests do not change."""
    engine = create(FailingEncoder(), tmp_path_factory.mktemp("engine") / "index")
    engine.apply(PAPERS, 4)
    return engine


@contextmanager
def failing(encoder: FailingEncoder) -> Iterator[None]:
    encoder.fails = True
    yield
    encoder.fails = False


def request(text: str, depth: int = 10) -> EngineRequest:
    return EngineRequest(parse(text, TODAY), match_limit=10, depths=(depth,) if depth else ())


def matches(engine: SearchEngine, text: str) -> set[int]:
    response = engine.search(request(text, depth=0))
    nums = set(response.matches.nums.tolist())
    assert response.match_count == len(nums) == len(response.matches)
    assert response.matches.matched.all()
    return nums


def nums(candidates: Candidates) -> list[int]:
    listed: list[int] = candidates.nums.tolist()
    assert len(set(listed)) == len(listed)
    assert len(candidates.bm25) == len(candidates.vectors) == len(candidates.matched) == len(listed)
    return listed


def test_an_empty_engine_finds_nothing(empty: SearchEngine) -> None:
    assert empty.position == 0
    for response in (empty.search(request("kites")), empty.similar(1, request("kites"))):
        assert (response.papers, response.match_count, len(response.matches)) == (0, 0, 0)
        assert all(not len(neighbors) for neighbors in response.neighbors)
    assert empty.suggest(parse("kitse", TODAY)) is None
    assert empty.categories() == {}


def test_applied_papers_are_found_and_the_position_is_set(empty: SearchEngine) -> None:
    empty.apply({1: PAPERS[1]}, 7)
    assert empty.position == 7
    assert matches(empty, "kites") == {1}


def test_categories_are_counted(empty: SearchEngine) -> None:
    for num, categories in enumerate((("cs.LG", "cs.CL"), ("cs.LG",), ()), start=1):
        paper = make_paper(title="On kites", doi=f"10.1000/{num}", categories=categories)
        empty.apply({num: paper}, num)
    assert empty.categories() == {"cs.LG": 2, "cs.CL": 1}


def test_applying_changes_again_has_no_effect(empty: SearchEngine) -> None:
    empty.apply({1: PAPERS[1], 2: PAPERS[2]}, 2)
    empty.apply({3: PAPERS[3]}, 3)
    for changes, position in (({1: PAPERS[1], 2: PAPERS[2]}, 2), ({3: PAPERS[3]}, 3)):
        empty.apply(changes, position)
        assert empty.position == 3
        response = empty.search(request("attention"))
        assert (response.papers, response.match_count) == (3, 2)
        assert sorted(nums(response.neighbors[0])) == [3]


def test_a_batch_without_changes_moves_the_position(empty: SearchEngine) -> None:
    empty.apply({}, 5)
    assert empty.position == 5


def test_a_changed_paper_is_found_by_its_new_words_only(empty: SearchEngine) -> None:
    empty.apply({1: make_paper(title="A draft about comets")}, 1)
    empty.apply({1: make_paper(title="A paper about asteroids")}, 2)
    assert matches(empty, "asteroids") == {1}
    assert matches(empty, "comets") == set()
    assert empty.search(request("asteroids")).papers == 1


def test_a_deleted_paper_is_not_found(empty: SearchEngine) -> None:
    empty.apply(PAPERS, 4)
    empty.apply({1: None, 99: None}, 6)
    response = empty.search(request("sparse attention kites"))
    assert response.papers == 3
    assert 1 not in nums(response.neighbors[0])
    assert matches(empty, "kites") == set()
    empty.apply({1: PAPERS[1]}, 7)
    assert matches(empty, "kites") == {1}


def test_a_failed_apply_changes_nothing(empty: SearchEngine, encoder: FailingEncoder) -> None:
    empty.apply({1: PAPERS[1]}, 1)
    with failing(encoder), pytest.raises(SearchIndexError, match="unreachable"):
        empty.apply({2: PAPERS[2]}, 2)
    assert empty.position == 1
    assert matches(empty, "attention") == {1}
    empty.apply({2: PAPERS[2]}, 2)
    assert matches(empty, "attention") == {1, 2}


def test_without_its_encoder_papers_are_found_by_words(
    empty: SearchEngine, encoder: FailingEncoder
) -> None:
    empty.apply(PAPERS, 4)
    with failing(encoder):
        response = empty.search(request("sparse attention"))
    assert (response.vector, response.match_count) == (None, 2)
    assert nums(response.neighbors[0]) == [4]
    assert "unreachable" in (response.encoder_error or "")
    assert empty.search(request("sparse attention")).encoder_error is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("attention", {1, 2, 4}),
        ("sparse attention", {1, 2}),
        ("SPARSE  attention!", {1, 2}),
        ("kite", {1}),
        ("lantern", {3}),
        ("boat", {2, 4}),
        ("attentive", set()),
        ('"sparse attention"', {1}),
        ('"attention for"', {1, 2}),
        ('"kites attention"', set()),
        ("attention -paper", {1, 4}),
        ('attention -"paper boats"', {1, 4}),
        ("title:sparse", {1}),
        ('title:"paper boats"', {2}),
        ("author:cord", {1}),
        ('author:"Cord Ada"', set()),
        ('author:"C. Ortega"', set()),
        ("author:C.Ortega", {2}),
        ("cord kites", {1}),
        ("cat:cs.CL", {1}),
        ("cat:CS", {1, 2}),
        ("id:2401.00001", {1}),
        ("id:https://doi.org/10.1000/BOATS", {2}),
        ("year:2024", {1}),
        ("year:2024..2025", {1, 2}),
        ("year:..2024", {1}),
        ("since:7d", {3}),
        ("-attention", {3}),
        ("kites OR lanterns", {1, 3}),
        ("(kites OR boats) attention", {1, 2, 4}),
        ("cat:cs.CL OR year:2026", {1, 3}),
        ('("sparse attention" OR "paper boats")', {1, 2}),
        ('boats ("sparse attention" OR "paper boats")', {2}),
        ("(title:sparse OR title:lantern)", {1, 3}),
        ("-(kites OR lanterns)", {2, 4}),
        ("nowhere", set()),
        ("", set()),
        ("!?", set()),
    ],
)
def test_a_query_matches_the_papers_that_satisfy_it(
    engine: SearchEngine, text: str, found: set[int]
) -> None:
    assert matches(engine, text) == found


def test_matches_are_ordered_by_bm25_and_counted_beyond_the_limit(engine: SearchEngine) -> None:
    response = engine.search(replace(request("sparse attention", depth=0), match_limit=1))
    assert (response.match_count, nums(response.matches)) == (2, [1])
    sums = engine.search(request("sparse attention", depth=0)).matches.bm25
    assert sums[0] > sums[1] > 0


def test_matches_can_be_ordered_by_date_with_undated_ones_last(engine: SearchEngine) -> None:
    newest = replace(request("attention", depth=0), newest_first=True)
    response = engine.search(newest)
    assert nums(response.matches) == [2, 1, 4]
    assert not response.matches.bm25.any()
    cut = engine.search(replace(newest, match_limit=2))
    assert (cut.match_count, nums(cut.matches)) == (3, [2, 1])


def test_neighbors_are_not_matches(engine: SearchEngine) -> None:
    (neighbors,) = engine.search(request("sparse attention")).neighbors
    assert sorted(nums(neighbors)) == [3, 4]
    assert not neighbors.matched.any()
    bm25 = dict(zip(nums(neighbors), neighbors.bm25.tolist(), strict=True))
    assert bm25[4] > bm25[3] == 0


def test_one_list_contains_matches_and_neighbors(engine: SearchEngine) -> None:
    response = engine.search(replace(request("sparse attention"), one_list=True))
    (papers,) = response.neighbors
    matched = dict(zip(nums(papers), papers.matched.tolist(), strict=True))
    assert matched == {1: True, 2: True, 3: False, 4: False}
    assert (response.match_count, len(response.matches)) == (2, 0)


def test_neighbors_satisfy_the_filters(engine: SearchEngine) -> None:
    (neighbors,) = engine.search(request("sparse attention year:2024..")).neighbors
    assert nums(neighbors) == [3]


def test_each_list_of_neighbors_contains_the_ones_before(engine: SearchEngine) -> None:
    deep = replace(request("lanterns kites boats"), depths=(1, 2, 10), one_list=True)
    lists = [set(nums(each)) for each in engine.search(deep).neighbors]
    assert lists[0] <= lists[1] <= lists[2] == {1, 2, 3, 4}
    assert len(lists[0]) <= 2


def test_neighbors_are_left_out_if_enough_papers_match(engine: SearchEngine) -> None:
    enough = replace(request("attention"), enough_matches=3)
    assert engine.search(enough).neighbors == ()
    assert len(engine.search(replace(enough, enough_matches=4)).neighbors) == 1
    assert len(engine.search(replace(enough, exhaustive=4)).neighbors) == 1
    assert engine.search(replace(enough, exhaustive=3)).neighbors == ()


def test_the_neighbors_of_few_papers_are_listed_exhaustively(engine: SearchEngine) -> None:
    shallow = replace(request("attention"), depths=(1, 2), one_list=True)
    assert not engine.search(shallow).exhausted
    response = engine.search(replace(shallow, exhaustive=4))
    assert response.exhausted
    assert sorted(nums(*response.neighbors)) == [1, 2, 3, 4]
    filtered = replace(shallow, query=parse("attention cat:cs", TODAY), exhaustive=2)
    assert sorted(nums(*engine.search(filtered).neighbors)) == [1, 2]


def test_mode_lexical_uses_no_vector(engine: SearchEngine) -> None:
    response = engine.search(replace(request("kites boats"), mode=Mode.LEXICAL))
    assert response.vector is None
    assert sorted(nums(*response.neighbors)) == [1, 2, 4]


def test_mode_semantic_lists_the_nearest_papers(engine: SearchEngine) -> None:
    text = text_of(PAPERS[3]) if PAPERS[3] else ""
    semantic = replace(request(text, depth=1), mode=Mode.SEMANTIC, one_list=True)
    response = engine.search(semantic)
    (nearest,) = response.neighbors
    assert nums(nearest) == [3]
    assert response.vector is not None
    assert nearest.vectors.cosines(response.vector)[0] > 0.98


def test_the_response_names_the_scored_words(engine: SearchEngine) -> None:
    terms = engine.search(request("the Kites of the kites", depth=0)).terms
    assert (terms.words, terms.stems, terms.counts) == (("kites",), ("kite",), (2,))


def test_matches_are_counted_by_category_and_year_on_request(engine: SearchEngine) -> None:
    assert engine.search(request("attention")).facets == {}
    assert engine.search(replace(request("attention"), facets=True)).facets == {
        "category": {"cs.CL": 1, "cs.LG": 1, "cs.CV": 1},
        "year": {"2024": 1, "2025": 1},
    }


def test_similar_compares_papers_with_the_vector_of_a_paper(engine: SearchEngine) -> None:
    semantic = replace(request("kites", depth=1), mode=Mode.SEMANTIC, one_list=True)
    for num in (2, 3):
        response = engine.similar(num, semantic)
        (nearest,) = response.neighbors
        assert nums(nearest) == [num]
        assert response.vector is not None
        assert nearest.vectors.cosines(response.vector)[0] > 0.98
    assert engine.similar(99, semantic).vector is None


def test_a_misspelling_is_corrected(engine: SearchEngine) -> None:
    assert engine.suggest(parse("sparse lantrens", TODAY)) == "sparse lanterns"
    assert engine.suggest(parse("sparse lanterns", TODAY)) is None
    assert engine.suggest(parse("xylophones", TODAY)) is None


@given(
    content=st.one_of(
        st.text(max_size=120),
        st.binary(max_size=120).map(lambda content: content.decode("utf-8", "replace")),
        st.text(alphabet='ab kites"()-: OR title author cat year since 2024..7d\0', max_size=60),
    ),
    mode=st.sampled_from(Mode),
    one_list=st.booleans(),
    newest_first=st.booleans(),
    facets=st.booleans(),
)
def test_any_query_is_answered(
    engine: SearchEngine,
    content: str,
    mode: Mode,
    one_list: bool,
    newest_first: bool,
    facets: bool,
) -> None:
    query = parse(content, TODAY)
    searched = EngineRequest(
        query, 10, (1, 10), mode, one_list, newest_first, exhaustive=2, facets=facets
    )
    response = engine.search(searched)
    assert 0 <= response.match_count <= response.papers == 4
    for candidates in (response.matches, *response.neighbors):
        assert set(nums(candidates)) <= {1, 2, 3, 4}
    engine.suggest(query)
