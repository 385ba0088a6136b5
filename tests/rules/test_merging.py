"""One paper of many records: field by field the better source, nothing lost."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Notice, Paper
from broadsheet.rules.merging import merge, same_work_by_title
from broadsheet.rules.normalize import make_paper


def _paper(**told: object) -> Paper:
    return make_paper(**{"title": "Kites at dusk", **told})  # type: ignore[arg-type]


def test_the_better_source_wins_whatever_came_first() -> None:
    told = [
        ("bibtex", _paper(abstract="from a list", venue="J. Kites")),
        ("arxiv", _paper(abstract="from the archive", arxiv="2603.00001")),
        ("crossref", _paper(venue="Journal of Kites", doi="10.1234/kites")),
    ]
    for order in permutations(told):
        made = merge(order)
        assert made.abstract == "from the archive"
        assert made.venue == "Journal of Kites"
        assert made.id == "arxiv:2603.00001"
        assert made.doi == "10.1234/kites"


def test_within_one_source_the_latest_word_counts() -> None:
    made = merge([("arxiv", _paper(abstract="first")), ("arxiv", _paper(abstract="second"))])
    assert made.abstract == "second"


def test_a_feed_ranks_by_its_kind() -> None:
    told = [
        ("saved-page", _paper(abstract="saved")),
        ("feed:https://example.org/feed", _paper(abstract="fed")),
    ]
    assert merge(told).abstract == "fed"


def test_the_newest_version_and_all_ids_are_kept() -> None:
    made = merge(
        [
            ("arxiv", _paper(version=3, ids=["W1"])),
            ("arxiv-feed", _paper(version=2, ids=["W2", "acl:2024.acl-long.1"])),
        ]
    )
    assert made.version == 3
    assert made.ids == ("openalex:W1", "acl:2024.acl-long.1")


def test_the_gravest_notice_stands_until_its_source_takes_it_back() -> None:
    corrected = ("openalex", _paper(notice=Notice.CORRECTED))
    retracted = ("crossref", _paper(notice=Notice.RETRACTED))
    assert merge([retracted, corrected]).notice is Notice.RETRACTED
    assert merge([retracted, corrected, ("crossref", _paper())]).notice is Notice.CORRECTED


def test_works_of_one_title_far_apart_in_time_are_two() -> None:
    told = _paper(authors=["Ada Windrow"], published="2026")

    def same(published: str | None) -> bool:
        return same_work_by_title("kitesatdusk1", told, None, None, "A. Windrow", published)

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
_SOURCE = st.sampled_from(["arxiv", "hf", "crossref", "feed:https://x.example", "unheard-of"])


@given(st.lists(st.tuples(_SOURCE, _SOME_PAPER), min_size=1, max_size=6))
def test_what_any_record_tells_is_told_of_the_paper(records: list[tuple[str, Paper]]) -> None:
    made = merge(records)
    for field in ("abstract", "published", "arxiv_id", "version"):
        told = {getattr(paper, field) for _, paper in records} - {None}
        assert (getattr(made, field) in told) if told else getattr(made, field) is None
