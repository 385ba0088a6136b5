"""Two papers are merged into one, and a merge is undone."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from broadsheet.config import load_settings
from broadsheet.errors import NotFoundError, StoreError
from broadsheet.library import Library
from broadsheet.model import Kind, Notice, Paper, Period, Pick, Signal, Submission
from broadsheet.rules.normalize import make_paper
from broadsheet.store.attention import add_signals
from broadsheet.store.submissions import upsert_submissions
from broadsheet.store.tables import votes
from broadsheet.store.upsert import add
from tests.conftest import NOW

ARCHIVED = make_paper(title="Kites at dusk", authors=["Ada Windrow"], arxiv="2603.00001")
PRINTED = make_paper(title="Flying after sunset", authors=["Bo Farol"], doi="10.1234/dusk")
BOTH = make_paper(title="Kites at dusk", arxiv="2603.00001", doi="10.1234/dusk", venue="Wind")


@pytest.fixture
def merged(empty_library: Library) -> Library:
    """Two papers with votes and signals, merged by a record with the identifiers of both."""
    empty_library.add("arxiv", [ARCHIVED])
    empty_library.add("bibtex", [PRINTED])
    for paper, readers in ((ARCHIVED, "ab"), (PRINTED, "bc")):
        for reader in readers:
            empty_library.vote(paper.id, reader, on=True)
    _add_signals(
        empty_library,
        [
            Signal(ARCHIVED.id, Kind.STARS, 7, NOW, "github"),
            Signal(PRINTED.id, Kind.CITATIONS, 3, NOW, "crossref"),
        ],
    )
    empty_library.add("crossref", [BOTH])
    return empty_library


def _add_signals(library: Library, signals: Sequence[Signal]) -> None:
    with library._database.write() as connection:
        add_signals(connection, signals)


def test_a_merge_moves_votes_signals_and_identifiers(merged: Library) -> None:
    assert merged.health().papers == 1
    assert merged.paper(PRINTED.id).id == merged.paper(ARCHIVED.id).id == ARCHIVED.id
    assert merged.votes([ARCHIVED.id]) == {ARCHIVED.id: 3}
    kinds = {(signal.kind, signal.source) for signal in merged.signals(PRINTED.id)}
    assert {(Kind.STARS, "github"), (Kind.CITATIONS, "crossref")} <= kinds


def test_a_merge_moves_submissions_and_picks(empty_library: Library) -> None:
    empty_library.add("arxiv", [ARCHIVED])
    empty_library.add("bibtex", [PRINTED])
    submission = Submission(PRINTED.id, "ada", NOW, "hf")
    with empty_library._database.write() as connection:
        upsert_submissions(connection, [submission])
    empty_library.editions.pick(Period(NOW.date()), Pick(PRINTED.id, 1))
    empty_library.trending.update()
    empty_library.add("crossref", [BOTH])
    assert empty_library.submissions([ARCHIVED.id])[ARCHIVED.id].by == "ada"
    assert empty_library.editions.picks(Period(NOW.date())) == [Pick(ARCHIVED.id, 1)]
    empty_library.unmerge(empty_library.merges()[0].number)
    assert set(empty_library.submissions([ARCHIVED.id, PRINTED.id])) == {PRINTED.id}


def test_submissions_and_votes_of_both_papers_are_restored_to_both(empty_library: Library) -> None:
    empty_library.add("arxiv", [ARCHIVED])
    empty_library.add("bibtex", [PRINTED])
    submitted = [Submission(paper.id, "ada", NOW, "hf") for paper in (ARCHIVED, PRINTED)]
    with empty_library._database.write() as connection:
        upsert_submissions(connection, submitted)
    for paper in (ARCHIVED, PRINTED):
        empty_library.vote(paper.id, "a", on=True, network="here")
    empty_library.add("crossref", [BOTH])
    empty_library.unmerge(empty_library.merges()[0].number)
    assert set(empty_library.submissions([ARCHIVED.id, PRINTED.id])) == {ARCHIVED.id, PRINTED.id}
    with empty_library._database.read() as connection:
        assert set(connection.scalars(select(votes.c.network))) == {"here"}


def test_a_merge_can_be_undone(merged: Library) -> None:
    (merge,) = merged.merges()
    assert {merge.winner, merge.merged} == {ARCHIVED.title, PRINTED.title}
    merged.unmerge(merge.number)
    archived, printed = merged.paper(ARCHIVED.id), merged.paper(PRINTED.id)
    assert (archived.title, archived.arxiv_id) == (ARCHIVED.title, "2603.00001")
    assert (printed.title, printed.doi, printed.arxiv_id) == (PRINTED.title, "10.1234/dusk", None)
    assert archived.doi is None
    assert merged.votes([ARCHIVED.id, PRINTED.id]) == {ARCHIVED.id: 2, PRINTED.id: 2}
    assert merged.voted("b", [ARCHIVED.id, PRINTED.id]) == {ARCHIVED.id, PRINTED.id}
    assert {signal.kind for signal in merged.signals(PRINTED.id)} >= {Kind.CITATIONS}
    assert merged.merges()[0].undone_at == NOW


def test_papers_of_an_undone_merge_are_not_merged_again(merged: Library) -> None:
    merged.unmerge(merged.merges()[0].number)
    merged.add("openalex", [BOTH])
    merged.add(
        "openalex", [make_paper(title="Kites at dusk", doi="10.1234/dusk", arxiv="2603.00001v2")]
    )
    assert merged.health().papers == 2
    assert len(merged.merges()) == 1


def test_the_search_index_follows_a_merge_and_its_undoing(merged: Library) -> None:
    merged.update_index()
    assert merged.search("sunset").total == 0 or merged.search("sunset").hits[0].paper.doi
    merged.unmerge(merged.merges()[0].number)
    merged.update_index()
    assert merged.search("flying sunset").hits[0].paper.id == PRINTED.id


def test_votes_cast_after_a_merge_stay_with_the_winner(merged: Library) -> None:
    merged.vote(ARCHIVED.id, "late", on=True)
    merged.vote(ARCHIVED.id, "c", on=False)
    merged.unmerge(merged.merges()[0].number)
    assert merged.votes([ARCHIVED.id, PRINTED.id]) == {ARCHIVED.id: 3, PRINTED.id: 1}


def test_a_merge_can_be_undone_only_once(merged: Library) -> None:
    number = merged.merges()[0].number
    merged.unmerge(number)
    with pytest.raises(StoreError, match="is already undone"):
        merged.unmerge(number)
    with pytest.raises(NotFoundError, match="no merge 99"):
        merged.unmerge(99)


def test_chained_merges_are_undone_newest_first(empty_library: Library) -> None:
    third = make_paper(title="Dusk, revisited", ids=["W77"])
    for source, record in (("ris", third), ("bibtex", PRINTED), ("arxiv", ARCHIVED)):
        empty_library.add(source, [record])
    bridges = (
        make_paper(title=PRINTED.title, arxiv="2603.00001", doi="10.1234/dusk"),
        make_paper(title=third.title, doi="10.1234/dusk", ids=["W77"]),
    )
    for record in bridges:
        empty_library.add("crossref", [record])
    assert empty_library.health().papers == 1
    newest, oldest = empty_library.merges()
    with pytest.raises(StoreError, match="undo that merge first"):
        empty_library.unmerge(oldest.number)
    empty_library.unmerge(newest.number)
    empty_library.unmerge(oldest.number)
    assert empty_library.health().papers == 3
    assert {empty_library.paper(one.id).title for one in (third, PRINTED, ARCHIVED)} == {
        third.title,
        PRINTED.title,
        ARCHIVED.title,
    }


_TITLES = st.sampled_from(["Kites at dusk, again", "Lanterns on water", "Rivers in spring"])
_RECORDS = st.builds(
    lambda title, arxiv, doi, openalex: make_paper(
        title=title, arxiv=arxiv, doi=doi, ids=[openalex] if openalex else []
    ),
    _TITLES,
    st.sampled_from([None, "2603.00001", "2603.00002"]),
    st.sampled_from([None, "10.1234/a", "10.1234/b"]),
    st.sampled_from([None, "W1", "W2"]),
)


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(records=st.lists(_RECORDS, min_size=1, max_size=8), data=st.data())
def test_undoing_every_merge_restores_every_paper_and_no_foreign_record(
    tmp_path_factory: pytest.TempPathFactory, records: list[Paper], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("merges")
    settings = load_settings({"data": folder, "rerank": False}, environment={})
    with Library(settings, clock=lambda: NOW + timedelta()) as library:
        sources = st.sampled_from(["arxiv", "crossref", "openalex"])
        for paper in records:
            library.add(data.draw(sources), [paper])
        papers, merges = library.health().papers, library.merges()
        for merge in merges:
            library.unmerge(merge.number)
        assert library.health().papers == papers + len(merges)
        added = {(record.title, record.arxiv_id, record.doi) for record in records}
        stored = {
            (record.title, record.arxiv_id, record.doi)
            for paper_id in {library.paper(one.id).id for one in records}
            for _, record, _ in library.records(paper_id)
        }
        assert stored <= added


def test_a_distinct_pair_is_kept_when_one_of_the_two_is_merged(merged: Library) -> None:
    merged.unmerge(merged.merges()[0].number)
    third = make_paper(title="Sunset flights", ids=["W5"])
    merged.add("ris", [third])
    bridge = make_paper(title=third.title, ids=["W5"], doi="10.1234/dusk")
    merged.add("openalex", [bridge])
    merged.add("openalex", [make_paper(title=third.title, ids=["W5"], arxiv="2603.00001")])
    assert merged.paper(ARCHIVED.id).id != merged.paper(PRINTED.id).id


def test_signals_of_both_papers_are_restored_to_both(empty_library: Library) -> None:
    empty_library.add("arxiv", [ARCHIVED])
    empty_library.add("bibtex", [PRINTED])
    signals = [Signal(paper.id, Kind.STARS, 7, NOW, "github") for paper in (ARCHIVED, PRINTED)]
    _add_signals(empty_library, signals)
    empty_library.add("crossref", [BOTH])
    assert len(empty_library.signals(ARCHIVED.id)) == 1
    empty_library.unmerge(empty_library.merges()[0].number)
    assert len(empty_library.signals(ARCHIVED.id)) == len(empty_library.signals(PRINTED.id)) == 1


def test_papers_with_different_arxiv_ids_are_not_merged_into_a_third(
    empty_library: Library,
) -> None:
    title = "Kites, a report of the year"
    empty_library.add("bibtex", [make_paper(title="Notes on kites", doi="10.1234/notes")])
    for number in ("2603.00001", "2604.00001"):
        empty_library.add("arxiv", [make_paper(title=title, arxiv=number)])
    empty_library.add("crossref", [make_paper(title=title, doi="10.1234/notes")])
    assert empty_library.paper("arxiv:2603.00001").id == "arxiv:2603.00001"
    assert empty_library.paper("arxiv:2604.00001").id == "arxiv:2604.00001"
    for number in ("2603.00001", "2604.00001"):
        empty_library.add("arxiv", [make_paper(title=f"{title}, mended", arxiv=number)])
    assert empty_library.paper("arxiv:2604.00001").title.endswith("mended")


def test_papers_with_different_acl_ids_are_not_merged_by_title(empty_library: Library) -> None:
    for number in (1, 2):
        record = make_paper(
            title="Findings of the kite task", authors=["A. B."], ids=[f"acl:2024.kites-1.{number}"]
        )
        empty_library.add("acl", [record])
    assert empty_library.health().papers == 2


def test_a_notice_is_matched_by_id_and_not_by_title(
    empty_library: Library,
) -> None:
    empty_library.add("arxiv", [ARCHIVED])
    notice = make_paper(title=ARCHIVED.title, doi="10.5555/other", notice=Notice.RETRACTED)
    with empty_library._database.write() as connection:
        add(connection, "crossref notices", [notice], NOW, only_known=True)
    assert empty_library.paper(ARCHIVED.id).notice is None
    assert empty_library.health().papers == 1
