"""The list of what rises follows what comes in, and can be paged through."""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broadsheet.config import Settings, load_settings
from broadsheet.errors import StoreError
from broadsheet.model import Kind, Notice, Paper, Submission, Trend
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.trending import score_at
from broadsheet.store.metadata import put_value
from broadsheet.store.submissions import upsert_submissions
from broadsheet.trending import update as updating
from broadsheet.trending.scoring import hours
from broadsheet.trending.update import update
from tests.rising import (
    BRIDGES,
    DAY,
    HOUR,
    KITES,
    LANTERNS,
    MORNING,
    ORCHARDS,
    PAPERS,
    RIVERS,
    VIOLINS,
    Beset,
    Room,
    opened,
)

UNDATED = make_paper(title="Measuring clocks", doi="10.1234/clocks")


@pytest.fixture
def empty_room(settings: Settings) -> Iterator[Room]:
    with opened(settings) as room:
        yield room


@pytest.fixture
def room(empty_room: Room) -> Room:
    """Six papers of yesterday that were scored, with five upvotes at most."""
    empty_room.library.add("arxiv", list(PAPERS))
    empty_room.add_signals(
        *((paper, Kind.UPVOTES, n, MORNING - 3 * HOUR) for n, paper in enumerate(PAPERS))
    )
    empty_room.follow()
    empty_room.now += HOUR
    return empty_room


def test_nothing_rises_in_an_empty_library(empty_room: Room) -> None:
    assert empty_room.follow() == 0
    assert empty_room.listed() == []


def test_the_first_papers_of_a_library_that_was_empty_rise_at_once(empty_room: Room) -> None:
    empty_room.follow()
    empty_room.library.add("arxiv", [KITES])
    empty_room.upvoted(KITES, 20)
    assert empty_room.follow() == 1
    assert empty_room.rising() == [KITES]


def test_only_papers_that_something_came_of_are_scored_again(room: Room) -> None:
    assert room.follow() == 0
    room.upvoted(KITES, 50)
    assert room.follow() == 1
    assert room.follow() == 0
    assert room.rising()[0] == KITES


def test_a_paper_says_what_it_gained(room: Room) -> None:
    room.upvoted(KITES, 50)
    room.add_signals((KITES, Kind.STARS, 100, room.now - 3 * DAY), source="github")
    room.add_signals((KITES, Kind.STARS, 1_310, room.now - 2 * DAY), source="github")
    room.follow()
    first = room.listed()[0]
    assert first.rank == 1 and first.score > 1
    assert first.reason == "+1,210 stars this week, +50 upvotes in 24 h, 1 day old"


def test_a_new_paper_without_attention_is_listed_by_its_text(room: Room) -> None:
    new = make_paper(title="A large language model that reasons", published="2026-03-11")
    room.library.add("arxiv", [new])
    assert room.follow() == 1
    assert new in room.rising()
    assert room.listed()[room.rising().index(new)].reason == "out today"


def test_an_old_paper_without_attention_is_not_listed(room: Room) -> None:
    old = make_paper(title="A large language model that reasons", published="2020-03-11")
    room.library.add("arxiv", [old])
    room.follow()
    assert old not in room.rising()


def test_a_paper_of_unknown_date_rises_by_its_second_reading(room: Room) -> None:
    room.library.add("bibtex", [UNDATED])
    room.upvoted(UNDATED, 500)
    room.follow()
    assert UNDATED not in room.rising()
    room.now += HOUR
    room.upvoted(UNDATED, 540)
    room.follow()
    assert room.rising()[0] == UNDATED
    assert room.listed()[0].reason == "+40 upvotes in 24 h, of unknown date"


def test_a_paper_of_unknown_date_that_was_put_forward_rises_at_once(room: Room) -> None:
    room.library.add("bibtex", [UNDATED])
    with room.database.write() as connection:
        upsert_submissions(connection, [Submission(UNDATED.id, "ada", room.now - HOUR, "hf")])
    room.upvoted(UNDATED, 40)
    room.follow()
    assert room.rising()[0] == UNDATED


def test_a_reading_that_arrives_late_counts_from_when_it_was_made(room: Room) -> None:
    room.upvoted(KITES, 30)
    room.add_signals((VIOLINS, Kind.UPVOTES, 30, room.now - 20 * HOUR))
    assert room.follow() == 2
    assert room.rising()[0] == KITES
    assert room.levels() == pytest.approx(room.afresh())


def test_a_reading_dated_ahead_counts_for_nothing_until_then(room: Room) -> None:
    before = room.levels()
    room.add_signals((KITES, Kind.UPVOTES, 900, room.now + 30 * HOUR))
    room.add_signals((KITES, Kind.POINTS, 900, datetime(9999, 12, 31, tzinfo=UTC)), source="hn:1")
    assert room.follow() == 1
    assert room.levels() == pytest.approx(before)
    room.now += 31 * HOUR
    room.follow()
    assert room.rising()[0] == KITES


def test_a_vote_that_is_taken_back_lifts_no_longer(room: Room) -> None:
    before = room.levels()
    room.library.vote(KITES.id, "ada", on=True)
    room.follow()
    assert room.rising()[0] == KITES
    room.now += HOUR
    room.library.vote(KITES.id, "ada", on=False)
    room.follow()
    assert room.levels() == pytest.approx(before)


def test_a_crowd_of_new_readers_from_one_place_weighs_less_than_a_few_known_ones(
    room: Room,
) -> None:
    for reader in range(4):
        room.library.vote(RIVERS.id, f"known {reader}", on=True)
    room.now += 2 * DAY
    for reader in range(4):
        room.library.vote(LANTERNS.id, f"known {reader}", on=True, network=f"{reader}")
    for reader in range(100):
        room.library.vote(KITES.id, f"new {reader}", on=True, network="one")
    room.follow()
    assert room.rising()[:2] == [LANTERNS, KITES]


def test_a_withdrawn_paper_leaves_the_list(room: Room) -> None:
    room.upvoted(KITES, 50)
    room.follow()
    withdrawn = make_paper(title=KITES.title, arxiv=KITES.arxiv_id, notice=Notice.WITHDRAWN)
    room.library.add("arxiv", [withdrawn])
    assert KITES.id not in [paper.id for paper in room.rising()]
    room.follow()
    assert len(room.levels()) == len(PAPERS) - 1


def test_two_papers_that_become_one_rise_as_one_and_part_again(empty_room: Room) -> None:
    printed = make_paper(title="Flying after sunset", published="2026-03-10", doi="10.1234/dusk")
    empty_room.library.add("arxiv", [KITES])
    empty_room.library.add("bibtex", [printed])
    empty_room.upvoted(KITES, 5)
    empty_room.add_signals((printed, Kind.POINTS, 80, MORNING), source="hn:1")
    empty_room.follow()
    apart = empty_room.levels()
    assert len(apart) == 2
    both = make_paper(title=KITES.title, arxiv=KITES.arxiv_id, doi=printed.doi)
    empty_room.library.add("crossref", [both])
    empty_room.follow()
    (together,) = empty_room.levels().values()
    assert together > max(apart.values())
    assert empty_room.listed()[0].reason.startswith("+58 points in 24 h, +4 upvotes in 24 h")
    empty_room.library.unmerge(empty_room.library.merges()[0].number)
    empty_room.follow()
    assert empty_room.levels() == pytest.approx(apart)


def test_what_is_usual_is_learnt_anew_each_day(room: Room) -> None:
    room.now += 22 * HOUR
    assert room.follow() == 0
    room.now += 2 * HOUR
    assert room.follow() == len(PAPERS)


def test_a_clock_that_was_set_back_learns_anew(room: Room) -> None:
    room.now -= 3 * HOUR
    assert room.follow() == len(PAPERS)


def test_cooled_papers_are_forgotten(room: Room) -> None:
    room.now += 10 * DAY
    room.follow()
    assert room.levels() == {}


def _fail() -> None:
    raise StoreError("the disk is full")


def test_a_step_that_fails_is_taken_again(room: Room) -> None:
    room.upvoted(KITES, 50)
    before = room.levels()
    with pytest.raises(StoreError):
        update(Beset(room.database, _fail), lambda: room.now)
    assert room.levels() == before
    assert room.follow() == 1
    assert room.levels() == pytest.approx(room.afresh())


@pytest.mark.parametrize("day", [0, 1], ids=["one paper", "all papers"])
def test_papers_may_become_one_while_they_are_scored(room: Room, day: int) -> None:
    printed = make_paper(title="Flying after sunset", doi="10.1234/dusk", published="2026-03-11")
    room.library.add("bibtex", [printed])
    room.now += day * DAY
    room.upvoted(KITES, 50)
    room.upvoted(printed, 50)
    both = make_paper(title=KITES.title, arxiv=KITES.arxiv_id, doi=printed.doi)
    merging = Beset(room.database, lambda: room.library.add("crossref", [both]))
    update(merging, lambda: room.now)
    assert len(room.library.merges()) == 1
    room.follow()
    assert room.levels() == pytest.approx(room.afresh())


def test_of_two_readings_of_one_moment_the_higher_counts(room: Room) -> None:
    room.add_signals(*((KITES, Kind.UPVOTES, n, room.now) for n in (12, 70, 40)))
    room.follow()
    assert room.listed()[0].reason == "+70 upvotes in 24 h, 1 day old"


def test_what_an_older_version_noted_is_learnt_anew(room: Room) -> None:
    with room.database.write() as connection:
        put_value(connection, updating._STATE, '{"learnt_h": 9e9, "usual": [1.0, 2.0]}')
    assert room.follow() == len(PAPERS)


_told = st.tuples(
    st.sampled_from(PAPERS),
    st.sampled_from([Kind.UPVOTES, Kind.STARS, Kind.POINTS, Kind.COMMENTS]),
    st.integers(0, 500),
    st.floats(0, 40),
)
_batches = st.lists(
    st.tuples(
        st.lists(_told, max_size=6),
        st.lists(st.tuples(st.sampled_from(PAPERS), st.sampled_from("abc"), st.booleans())),
        st.floats(0.1, 3),
    ),
    min_size=1,
    max_size=5,
)


@hypothesis_settings(max_examples=20)
@given(_batches)
def test_following_step_by_step_comes_to_what_scoring_all_does(
    batches: Sequence[
        tuple[Sequence[tuple[Paper, Kind, int, float]], Sequence[tuple[Paper, str, bool]], float]
    ],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told = {"data": folder, "rerank": False, "sources": "none"}
        with opened(load_settings(told, environment={})) as room:
            room.library.add("arxiv", list(PAPERS))
            room.follow()
            for observed, cast, later_h in batches:
                room.now += later_h * HOUR
                room.add_signals(
                    *((one, kind, n, room.now - ago_h * HOUR) for one, kind, n, ago_h in observed)
                )
                for paper, reader, on in cast:
                    room.now += HOUR / 100
                    room.library.vote(paper.id, reader, on=on)
                room.follow()
            _assert_same(room)
            room.now += DAY
            room.follow()
            _assert_same(room)


def _assert_same(room: Room) -> None:
    kept, now_h = room.levels(), hours(room.now)
    for num, afresh in room.afresh().items():
        if score_at(afresh, now_h) > updating.MIN_STORED_SCORE:
            assert kept[num] == pytest.approx(afresh, abs=1e-6)
        elif num in kept:
            assert score_at(kept[num], now_h) == pytest.approx(score_at(afresh, now_h), abs=1e-6)


def _read_on(room: Room, limit: int, category: str | None = None) -> list[Trend]:
    found: list[Trend] = []
    after = None
    while True:
        page = room.library.trending.list(limit, after, category)
        assert 1 <= len(page.trends) <= limit
        found += page.trends
        after = page.after
        if after is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_reading_on_repeats_none_and_leaves_none_out(room: Room, limit: int) -> None:
    # Some stand at the same level.
    room.add_signals(*((paper, Kind.UPVOTES, 10, room.now) for paper in PAPERS[:4]))
    room.follow()
    found = _read_on(room, limit)
    assert [one.rank for one in found] == [1, 2, 3, 4, 5, 6]
    assert [one.paper for one in found] == room.rising()
    assert {one.paper for one in found} == set(PAPERS)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_reading_on_goes_by_the_place_and_not_by_the_clock(room: Room) -> None:
    first = room.library.trending.list(3)
    whole = room.rising()
    room.now += 5 * HOUR
    rest = room.library.trending.list(3, first.after)
    assert [one.paper for one in (*first.trends, *rest.trends)] == whole


@pytest.mark.parametrize(
    "after",
    [
        "",
        "1.2",
        "1.nan.3",
        "1.inf.1",
        "1.0x1p99999.1",
        "1.0x1.8p+99999.1",
        "1.0x1.8p+3.99999999999999999999",
        "99999999999.0x1.8p+3.1",
        "1.0x1.8p+3.1 ",
        "1.0x1.8p+3.1\n",
        "1.0x1.8p+3.1\0",
        "\u0661.0x1.8p+3.1",
        "1.0x1.8p+3.\u0661",
        "1.0x\u0661.8p+3.1",
        "1.0x1.8p+3.1; DROP TABLE trends",
        "\ud800",
        "9" * 10_000,
    ],
)
def test_a_place_that_was_never_given_out_is_refused(room: Room, after: str) -> None:
    with pytest.raises(ValueError, match="'after' must be the cursor"):
        room.library.trending.list(3, after)


def test_a_place_past_the_end_has_nothing_after_it(room: Room) -> None:
    found = room.library.trending.list(3, "6.-0x1.8000000000000p+3.1")
    assert (found.trends, found.after) == ((), None)


def test_the_list_of_a_category_has_its_papers_alone(room: Room) -> None:
    assert set(room.rising("math.CO")) == {LANTERNS, BRIDGES, VIOLINS}
    assert set(room.rising("stat.ML")) == {KITES, RIVERS, ORCHARDS}
    assert [one.rank for one in _read_on(room, 2, "math.CO")] == [1, 2, 3]


@pytest.mark.parametrize(
    "category",
    ["cs", "cs.%", "cs_LG", "%", "_", '"', '","', "cs.LG\"' OR 1=1 --", "\\", "/", "[]", "\0", ""],
)
def test_no_sign_in_a_category_chooses_more_than_it_names(room: Room, category: str) -> None:
    assert room.rising(category) == []
    assert room.library.trending.list(1, None, category).after is None


def test_a_category_may_bear_any_sign(room: Room) -> None:
    odd = ('the "new" kind', "100%_sure", "a\\b", "naïve/one")
    told = [
        make_paper(
            title=f"Odd {n}", categories=[one], published="2026-03-11", arxiv=f"2603.1000{n}"
        )
        for n, one in enumerate(odd)
    ]
    room.library.add("arxiv", told)
    room.add_signals(*((paper, Kind.UPVOTES, 9, room.now) for paper in told))
    room.follow()
    assert [room.rising(one) for one in odd] == [[paper] for paper in told]
