from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Notice, Paper
from broadsheet.rules.merging import is_same_work, merge
from broadsheet.rules.normalize import make_paper, title_from


def _paper(**fields: object) -> Paper:
    return make_paper(**{"title": "Kites at dusk", **fields})  # type: ignore[arg-type]


def test_source_precedence_is_independent_of_order() -> None:
    records = [
        ("bibtex", _paper(abstract="from a list", venue="J. Kites")),
        ("arxiv", _paper(abstract="from the archive", arxiv="2603.00001")),
        ("crossref", _paper(venue="Journal of Kites", doi="10.1234/kites")),
    ]
    for order in permutations(records):
        merged = merge(order)
        assert merged.abstract == "from the archive"
        assert merged.venue == "Journal of Kites"
        assert merged.id == "arxiv:2603.00001"
        assert merged.doi == "10.1234/kites"


def test_a_derived_title_is_used_only_if_no_record_has_another() -> None:
    untitled = _paper(title=title_from("We fly kites."), abstract="We fly kites.")
    assert merge([("crossref", untitled), ("hf", _paper())]).title == "Kites at dusk"
    assert merge([("crossref", untitled), ("hf", untitled)]).title == "We fly kites…"


def test_the_latest_record_of_one_source_wins() -> None:
    merged = merge([("arxiv", _paper(abstract="first")), ("arxiv", _paper(abstract="second"))])
    assert merged.abstract == "second"


def test_a_feed_has_the_rank_of_feeds() -> None:
    records = [
        ("saved-page", _paper(abstract="saved")),
        ("feed:https://example.org/feed", _paper(abstract="fed")),
    ]
    assert merge(records).abstract == "fed"


def test_the_highest_version_and_all_ids_are_kept() -> None:
    merged = merge(
        [
            ("arxiv", _paper(version=3, ids=["W1"])),
            ("arxiv-feed", _paper(version=2, ids=["W2", "acl:2024.acl-long.1"])),
        ]
    )
    assert merged.version == 3
    assert merged.ids == ("openalex:W1", "acl:2024.acl-long.1")


def test_the_most_severe_notice_applies_until_its_source_removes_it() -> None:
    corrected = ("openalex", _paper(notice=Notice.CORRECTED))
    retracted = ("crossref", _paper(notice=Notice.RETRACTED))
    assert merge([retracted, corrected]).notice is Notice.RETRACTED
    assert merge([retracted, corrected, ("crossref", _paper())]).notice is Notice.CORRECTED


def test_equal_titles_more_than_four_years_apart_are_different_works() -> None:
    record = _paper(authors=["Ada Windrow"], published="2026")

    def same(published: str | None) -> bool:
        return is_same_work("kitesatdusk1", record, None, None, "A. Windrow", published)

    assert same("2022-05")
    assert not same("2021-12")
    assert same(None)


_SOME_PAPER = st.builds(
    _paper,
    abstract=st.sampled_from([None, "one", "two"]),
    version=st.sampled_from([None, 1, 2, 3]),
    notice=st.sampled_from([None, *Notice]),
    published=st.sampled_from([None, "2025", "2026-03-01"]),
    arxiv=st.sampled_from([None, "2603.00001"]),
)
_SOURCE = st.sampled_from(["arxiv", "hf", "crossref", "feed:https://x.example", "unlisted"])


@given(st.lists(st.tuples(_SOURCE, _SOME_PAPER), min_size=1, max_size=6))
def test_a_value_in_any_record_is_in_the_merged_paper(records: list[tuple[str, Paper]]) -> None:
    merged = merge(records)
    for field in ("abstract", "published", "arxiv_id", "version"):
        values = {getattr(paper, field) for _, paper in records} - {None}
        assert (getattr(merged, field) in values) if values else getattr(merged, field) is None
