from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Kind, Malformed, Paper, Signal
from broadsheet.rules.code_links import github_repositories
from broadsheet.sources.repository_counts import fetch_counts, parse_count
from broadsheet.sources.source import Batch, FetchRequest

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)


def counts_of(
    stars: dict[str, float | None], *texts: str, max_repositories: int | None = None
) -> tuple[list[Batch], list[str]]:
    papers = [Paper(f"arxiv:2603.0000{n}", "Kites", text) for n, text in enumerate(texts)]
    requested: list[str] = []

    def count(name: str) -> float | None:
        requested.append(name)
        if name not in stars:
            raise ValueError("missing number of stars")
        return stars[name]

    request = FetchRequest(NOW, papers=papers)
    batches = fetch_counts(
        request, github_repositories, count, Kind.STARS, "github", max_repositories=max_repositories
    )
    return list(batches), requested


def test_only_the_first_existing_repository_counts() -> None:
    stars: dict[str, float | None] = {"a/gone": None, "a/kite": 3.0, "big/wind": 150_000.0}
    text = "github.com/a/gone, github.com/a/odd, github.com/a/kite; built on github.com/big/wind"
    batches, requested = counts_of(stars, text)
    assert batches == [
        Batch(
            records=[Malformed("github a/odd", "missing number of stars")],
            signals=[Signal("arxiv:2603.00000", Kind.STARS, 3.0, NOW, "github")],
            days={NOW.date(): 1},
            queried=["arxiv:2603.00000"],
        )
    ]
    assert requested == ["a/gone", "a/odd", "a/kite"]


def test_a_repository_with_zero_stars_counts() -> None:
    (batch,), requested = counts_of({"a/x": 0.0, "a/y": 9.0}, "github.com/a/x github.com/a/y")
    assert [signal.value for signal in batch.signals] == [0.0]
    assert requested == ["a/x"]


def test_papers_beyond_the_limit_are_left_for_the_next_run() -> None:
    texts = ("github.com/a/x", "Kites.", "github.com/a/x", "github.com/a/y github.com/a/z")
    batches, requested = counts_of(
        {"a/x": 1.0, "a/y": None, "a/z": 3.0}, *texts, max_repositories=2
    )
    assert requested == ["a/x", "a/y"]
    assert [one for batch in batches for one in batch.queried] == [
        "arxiv:2603.00001",
        "arxiv:2603.00000",
        "arxiv:2603.00002",
    ]


def test_papers_without_a_repository_are_returned_first() -> None:
    batches, requested = counts_of({"a/x": 3.0}, "Kites.", "github.com/a/x", "Wind.")
    assert batches[0] == Batch(queried=["arxiv:2603.00000", "arxiv:2603.00002"])
    assert batches[1].queried == ["arxiv:2603.00001"]
    assert requested == ["a/x"]


def test_a_repository_of_two_papers_is_requested_once() -> None:
    batches, requested = counts_of({"a/x": 3.0}, "github.com/a/x", "github.com/a/x")
    assert [batch.signals[0].paper_id for batch in batches] == [
        "arxiv:2603.00000",
        "arxiv:2603.00001",
    ]
    assert requested == ["a/x"]


def test_at_most_five_repositories_of_a_paper_are_requested() -> None:
    text = " ".join(f"github.com/a/x{n}" for n in range(30))
    (batch,), requested = counts_of({f"a/x{n}": None for n in range(30)}, text)
    assert len(requested) == 5
    assert batch.queried == ["arxiv:2603.00000"]


def test_a_malformed_count_is_reported_and_notcounts_of() -> None:
    (batch,), _ = counts_of({}, "github.com/a/x")
    assert batch.records == [Malformed("github a/x", "missing number of stars")]
    assert (batch.signals, batch.days, batch.queried) == ([], {}, ["arxiv:2603.00000"])


def test_a_missing_repository_is_queried_without_a_signal() -> None:
    (batch,), _ = counts_of({"a/x": None}, "github.com/a/x")
    assert batch == Batch(records=[], signals=[], queried=["arxiv:2603.00000"])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("likes"), inner),
    max_leaves=9,
)


@given(_JSON)
def test_any_json_returns_a_count_or_raises_value_error(payload: object) -> None:
    try:
        number = parse_count(payload, "likes", "likes")
    except ValueError as error:
        assert str(error) == "missing number of likes"
        return
    assert isinstance(number, float)
    assert 0 <= number <= 10**9
