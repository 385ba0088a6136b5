"""Updates score the papers that changed, and give the scores of a full computation."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broadsheet.config import load_settings
from broadsheet.errors import StoreError
from broadsheet.model import Kind, Notice, Paper, Submission
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.trending import score_at
from broadsheet.store.metadata import put_value
from broadsheet.store.submissions import upsert_submissions
from broadsheet.trending import update as updating
from broadsheet.trending.scoring import hours
from broadsheet.trending.update import update
from tests.trending_library import (
    DAY,
    HOUR,
    KITES,
    LANTERNS,
    MORNING,
    PAPERS,
    RIVERS,
    VIOLINS,
    InterruptedDatabase,
    TrendingLibrary,
    opened,
)

UNDATED = make_paper(title="Measuring clocks", doi="10.1234/clocks")


def test_an_empty_library_has_no_trending_papers(empty_site: TrendingLibrary) -> None:
    assert empty_site.update() == 0
    assert empty_site.trends() == []


def test_the_first_papers_of_an_empty_library_are_scored_at_the_next_update(
    empty_site: TrendingLibrary,
) -> None:
    empty_site.update()
    empty_site.library.add("arxiv", [KITES])
    empty_site.set_upvotes(KITES, 20)
    assert empty_site.update() == 1
    assert empty_site.papers() == [KITES]


def test_only_papers_with_new_signals_are_scored_again(site: TrendingLibrary) -> None:
    assert site.update() == 0
    site.set_upvotes(KITES, 50)
    assert site.update() == 1
    assert site.update() == 0
    assert site.papers()[0] == KITES


def test_the_reason_of_a_paper_is_what_it_gained(site: TrendingLibrary) -> None:
    site.set_upvotes(KITES, 50)
    site.add_signals((KITES, Kind.STARS, 100, site.now - 3 * DAY), source="github")
    site.add_signals((KITES, Kind.STARS, 1_310, site.now - 2 * DAY), source="github")
    site.update()
    first = site.trends()[0]
    assert first.rank == 1 and first.score > 1
    assert first.reason == "+1,210 stars this week, +50 upvotes in 24 h, 1 day old"


def test_a_new_paper_without_attention_is_listed_by_predicted_upvotes(
    site: TrendingLibrary,
) -> None:
    new = make_paper(title="A large language model that reasons", published="2026-03-11")
    site.library.add("arxiv", [new])
    assert site.update() == 1
    assert new in site.papers()
    assert site.trends()[site.papers().index(new)].reason == "published today"


def test_an_old_paper_without_attention_is_not_listed(site: TrendingLibrary) -> None:
    old = make_paper(title="A large language model that reasons", published="2020-03-11")
    site.library.add("arxiv", [old])
    site.update()
    assert old not in site.papers()


def test_an_undated_paper_gains_from_its_second_observation_on(site: TrendingLibrary) -> None:
    site.library.add("bibtex", [UNDATED])
    site.set_upvotes(UNDATED, 500)
    site.update()
    assert UNDATED not in site.papers()
    site.now += HOUR
    site.set_upvotes(UNDATED, 540)
    site.update()
    assert site.papers()[0] == UNDATED
    assert site.trends()[0].reason == "+40 upvotes in 24 h, publication date unknown"


def test_an_undated_paper_that_was_submitted_gains_from_its_first_observation_on(
    site: TrendingLibrary,
) -> None:
    site.library.add("bibtex", [UNDATED])
    with site.database.write() as connection:
        upsert_submissions(connection, [Submission(UNDATED.id, "ada", site.now - HOUR, "hf")])
    site.set_upvotes(UNDATED, 40)
    site.update()
    assert site.papers()[0] == UNDATED


def test_an_observation_stored_late_counts_from_its_time(site: TrendingLibrary) -> None:
    site.set_upvotes(KITES, 30)
    site.add_signals((VIOLINS, Kind.UPVOTES, 30, site.now - 20 * HOUR))
    assert site.update() == 2
    assert site.papers()[0] == KITES
    assert site.log_scores() == pytest.approx(site.computed_log_scores())


def test_an_observation_with_a_future_time_does_not_count_before_it(site: TrendingLibrary) -> None:
    before = site.log_scores()
    site.add_signals((KITES, Kind.UPVOTES, 900, site.now + 30 * HOUR))
    site.add_signals((KITES, Kind.POINTS, 900, datetime(9999, 12, 31, tzinfo=UTC)), source="hn:1")
    assert site.update() == 1
    assert site.log_scores() == pytest.approx(before)
    site.now += 31 * HOUR
    site.update()
    assert site.papers()[0] == KITES


def _settle_readers(site: TrendingLibrary, count: int = 60) -> None:
    """Let readers vote, and wait until they are not new any more."""
    for reader in range(count):
        site.library.vote(RIVERS.id, f"reader {reader}", on=True, network=f"{reader}")
    site.now += 2 * DAY
    site.update()


def test_a_vote_is_counted_at_once_and_scored_by_the_next_update(site: TrendingLibrary) -> None:
    _settle_readers(site)
    before = site.log_scores()
    assert site.library.vote(KITES.id, "reader 0", on=True) == 1
    assert site.library.votes([KITES.id]) == {KITES.id: 1}
    assert site.library.counts([KITES.id])[KITES.id][Kind.VOTES] == 1
    assert site.log_scores() == before
    assert site.update() == 1
    assert site.papers()[0] == KITES
    assert site.trends()[0].reason.startswith("+1 vote by readers in 24 h")


def test_an_update_without_changes_writes_nothing(site: TrendingLibrary) -> None:
    site.update()
    assert update(InterruptedDatabase(site.database, _fail), lambda: site.now) == 0


def test_a_withdrawn_vote_does_not_count(site: TrendingLibrary) -> None:
    _settle_readers(site)
    before = site.log_scores()
    site.library.vote(KITES.id, "reader 0", on=True)
    site.update()
    assert site.papers()[0] == KITES
    site.now += HOUR
    site.library.vote(KITES.id, "reader 0", on=False)
    site.update()
    assert site.log_scores() == pytest.approx(before)


def test_many_new_readers_of_one_network_weigh_less_than_a_few_known_ones(
    site: TrendingLibrary,
) -> None:
    for reader in range(4):
        site.library.vote(RIVERS.id, f"known {reader}", on=True)
    site.now += 2 * DAY
    for reader in range(4):
        site.library.vote(LANTERNS.id, f"known {reader}", on=True, network=f"{reader}")
    for reader in range(100):
        site.library.vote(KITES.id, f"new {reader}", on=True, network="one")
    site.update()
    assert site.papers()[:2] == [LANTERNS, KITES]


def test_a_withdrawn_paper_leaves_the_list(site: TrendingLibrary) -> None:
    site.set_upvotes(KITES, 50)
    site.update()
    withdrawn = make_paper(title=KITES.title, arxiv=KITES.arxiv_id, notice=Notice.WITHDRAWN)
    site.library.add("arxiv", [withdrawn])
    assert KITES.id not in [paper.id for paper in site.papers()]
    site.update()
    assert len(site.log_scores()) == len(PAPERS) - 1


def test_merged_papers_have_one_score_and_unmerged_papers_two(empty_site: TrendingLibrary) -> None:
    published_paper = make_paper(
        title="Flying after sunset", published="2026-03-10", doi="10.1234/dusk"
    )
    empty_site.library.add("arxiv", [KITES])
    empty_site.library.add("bibtex", [published_paper])
    empty_site.set_upvotes(KITES, 5)
    empty_site.add_signals((published_paper, Kind.POINTS, 80, MORNING), source="hn:1")
    empty_site.update()
    apart = empty_site.log_scores()
    assert len(apart) == 2
    both = make_paper(title=KITES.title, arxiv=KITES.arxiv_id, doi=published_paper.doi)
    empty_site.library.add("crossref", [both])
    empty_site.update()
    (together,) = empty_site.log_scores().values()
    assert together > max(apart.values())
    assert empty_site.trends()[0].reason.startswith("+58 points in 24 h, +4 upvotes in 24 h")
    empty_site.library.unmerge(empty_site.library.merges()[0].number)
    empty_site.update()
    assert empty_site.log_scores() == pytest.approx(apart)


def test_scores_are_recalibrated_once_a_day(site: TrendingLibrary) -> None:
    site.now += 22 * HOUR
    assert site.update() == 0
    site.now += 2 * HOUR
    assert site.update() == len(PAPERS)


def test_scores_are_recalibrated_if_the_clock_was_set_back(site: TrendingLibrary) -> None:
    site.now -= 3 * HOUR
    assert site.update() == len(PAPERS)


def test_scores_of_papers_without_recent_attention_are_deleted(site: TrendingLibrary) -> None:
    site.now += 10 * DAY
    site.update()
    assert site.log_scores() == {}


def _fail() -> None:
    raise StoreError("the disk is full")


def test_a_failed_update_is_repeated_by_the_next(site: TrendingLibrary) -> None:
    site.set_upvotes(KITES, 50)
    before = site.log_scores()
    with pytest.raises(StoreError):
        update(InterruptedDatabase(site.database, _fail), lambda: site.now)
    assert site.log_scores() == before
    assert site.update() == 1
    assert site.log_scores() == pytest.approx(site.computed_log_scores())


@pytest.mark.parametrize("day", [0, 1], ids=["some", "all"])
def test_papers_may_be_merged_during_an_update(site: TrendingLibrary, day: int) -> None:
    published_paper = make_paper(
        title="Flying after sunset", doi="10.1234/dusk", published="2026-03-11"
    )
    site.library.add("bibtex", [published_paper])
    site.now += day * DAY
    site.set_upvotes(KITES, 50)
    site.set_upvotes(published_paper, 50)
    both = make_paper(title=KITES.title, arxiv=KITES.arxiv_id, doi=published_paper.doi)
    merging = InterruptedDatabase(site.database, lambda: site.library.add("crossref", [both]))
    update(merging, lambda: site.now)
    assert len(site.library.merges()) == 1
    site.update()
    assert site.log_scores() == pytest.approx(site.computed_log_scores())


def test_the_highest_of_several_observations_of_one_moment_counts(site: TrendingLibrary) -> None:
    site.add_signals(*((KITES, Kind.UPVOTES, n, site.now) for n in (12, 70, 40)))
    site.update()
    assert site.trends()[0].reason == "+70 upvotes in 24 h, 1 day old"


def test_the_state_of_an_earlier_version_is_recalibrated(site: TrendingLibrary) -> None:
    with site.database.write() as connection:
        put_value(connection, updating._STATE, '{"learnt_h": 9e9, "usual": [1.0, 2.0]}')
    assert site.update() == len(PAPERS)


_signals = st.tuples(
    st.sampled_from(PAPERS),
    st.sampled_from([Kind.UPVOTES, Kind.STARS, Kind.POINTS, Kind.COMMENTS]),
    st.integers(0, 500),
    st.floats(0, 40),
)
_batches = st.lists(
    st.tuples(
        st.lists(_signals, max_size=6),
        st.lists(st.tuples(st.sampled_from(PAPERS), st.sampled_from("abc"), st.booleans())),
        st.floats(0.1, 3),
    ),
    min_size=1,
    max_size=5,
)


@hypothesis_settings(max_examples=20)
@given(_batches)
def test_updates_step_by_step_give_the_scores_of_one_full_computation(
    batches: Sequence[
        tuple[Sequence[tuple[Paper, Kind, int, float]], Sequence[tuple[Paper, str, bool]], float]
    ],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        options = {"data": folder, "rerank": False, "sources": "none"}
        with opened(load_settings(options, environment={})) as site:
            site.library.add("arxiv", list(PAPERS))
            site.update()
            for observed, votes, later_h in batches:
                site.now += later_h * HOUR
                site.add_signals(
                    *((one, kind, n, site.now - ago_h * HOUR) for one, kind, n, ago_h in observed)
                )
                for paper, reader, on in votes:
                    site.now += HOUR / 100
                    site.library.vote(paper.id, reader, on=on)
                site.update()
            _assert_scores_are_computed_ones(site)
            site.now += DAY
            site.update()
            _assert_scores_are_computed_ones(site)


def _assert_scores_are_computed_ones(site: TrendingLibrary) -> None:
    stored, now_h = site.log_scores(), hours(site.now)
    for num, computed in site.computed_log_scores().items():
        if score_at(computed, now_h) > updating.MIN_STORED_SCORE:
            assert stored[num] == pytest.approx(computed, abs=1e-6)
        elif num in stored:
            assert score_at(stored[num], now_h) == pytest.approx(
                score_at(computed, now_h), abs=1e-6
            )
