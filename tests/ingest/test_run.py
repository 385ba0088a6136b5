"""A run stores each batch of a source, and checks its days."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.ingest.run import FetchOptions, FetchReport, fetch
from broadsheet.library import Library
from broadsheet.model import Kind, Malformed, Paper, PaperFilter, Signal, SourceState
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.source import Batch, FetchRequest, Source
from broadsheet.store import source_state
from tests.conftest import NOW

Fetch = Callable[[Client, FetchRequest], Iterator[Batch]]


def _paper(number: int) -> Paper:
    return make_paper(title=f"Kites over valley {number}", arxiv=f"2603.{number:05}")


def _source(fetch: Fetch, schedule: Schedule = Schedule.DAILY, **more: object) -> Source:
    return Source("kites", fetch, schedule, **more)  # type: ignore[arg-type]


def _run(
    library: Library, source: Source, now: datetime = NOW, options: FetchOptions | None = None
) -> FetchReport:
    return fetch(library._database, source, Client(), now, options)


def _cursor(library: Library) -> dict[str, str]:
    with library._database.read() as connection:
        return source_state.cursor_of(connection, "kites")


def test_each_batch_is_stored_with_its_cursor(empty_library: Library) -> None:
    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        start = int(request.cursor.get("page", "0"))
        for page in range(start, start + 2):
            yield Batch([_paper(page)], cursor={"page": str(page + 1)})
        raise SourceError("the line went dead")

    report = _run(empty_library, _source(batches))
    assert (report.tally.new, report.error) == (2, "the line went dead")
    assert _cursor(empty_library) == {"page": "2"}
    _run(empty_library, _source(batches))
    assert empty_library.health().papers == 4


def test_an_unexpected_error_is_reported(empty_library: Library) -> None:
    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch([_paper(1)])
        raise ZeroDivisionError

    report = _run(empty_library, _source(batches))
    assert report.error
    assert "unexpected error" in report.error
    assert empty_library.health().papers == 1


def test_signals_of_unknown_papers_are_discarded_and_counted(empty_library: Library) -> None:
    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        signals = [
            Signal(f"arxiv:2603.{number:05}", Kind.STARS, 5, request.now, "kites")
            for number in (1, 2)
        ]
        yield Batch([_paper(1)], signals)

    for _ in range(2):
        report = _run(empty_library, _source(batches))
        assert (report.signals, report.unmatched) == (1, 1)
    assert len(empty_library.signals("arxiv:2603.00001")) == 1


def test_notices_of_unknown_papers_are_discarded(empty_library: Library) -> None:
    empty_library.add("arxiv", [_paper(1)])

    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch([_paper(1), _paper(2)], existing_only=True)

    report = _run(empty_library, _source(batches))
    assert (report.tally.merged, report.tally.unknown) == (1, 1)
    assert empty_library.health().papers == 1


def test_a_limit_stops_between_batches_and_checks_no_days(empty_library: Library) -> None:
    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        for number in range(100):
            yield Batch([_paper(number)], cursor={"page": str(number)})

    report = _run(empty_library, _source(batches), options=FetchOptions(limit=3))
    assert report.records == 3
    assert not report.gaps
    assert _cursor(empty_library) == {"page": "2"}


def test_malformed_records_are_reported_and_skipped(empty_library: Library) -> None:
    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch([Malformed("page 1 record 3", "missing title"), _paper(1)])

    report = _run(empty_library, _source(batches))
    assert (report.skipped, report.malformed[0].place) == (1, "page 1 record 3")


def test_a_gap_is_closed_when_its_records_arrive(empty_library: Library) -> None:
    thin = [NOW.date() - timedelta(days=1)]
    asked_since = []

    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        asked_since.append(request.since)
        first = request.since or NOW.date() - timedelta(days=30)
        day = first
        while day < request.now.date():
            yield Batch(days={day: 3 if day in thin else 50})
            day += timedelta(days=1)

    report = _run(empty_library, _source(batches))
    (gap,) = report.gaps
    assert (gap.day, gap.reason) == (thin[0], "only 3 records, expected about 50")
    states = {state.name: state for state in _states(empty_library)}
    assert states["kites"].next_at == NOW + timedelta(hours=1)
    thin.clear()
    report = _run(empty_library, _source(batches), NOW + timedelta(hours=1))
    assert asked_since == [None, gap.day]
    assert [filled.day for filled in report.closed_gaps] == [gap.day]
    assert not report.gaps


def _states(library: Library) -> list[SourceState]:
    with library._database.read() as connection:
        return list(source_state.states(connection, NOW).values())


def test_a_gap_is_abandoned_after_three_days(empty_library: Library) -> None:
    quiet = NOW.date() - timedelta(days=1)

    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        first = NOW.date() - timedelta(days=10)
        for n in range((request.now.date() - first).days):
            if first + timedelta(days=n) != quiet:
                yield Batch(days={first + timedelta(days=n): 50})

    assert [gap.day for gap in _run(empty_library, _source(batches)).gaps] == [quiet]
    assert _run(empty_library, _source(batches), NOW + timedelta(days=2)).gaps
    late = _run(empty_library, _source(batches), NOW + timedelta(days=3))
    assert [gap.day for gap in late.closed_gaps] == [quiet]
    assert not _run(empty_library, _source(batches), NOW + timedelta(days=4)).gaps


def test_a_gap_is_closed_when_the_backfilling_source_has_the_day(
    empty_library: Library,
) -> None:
    yesterday = NOW.date() - timedelta(days=1)

    def nothing(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(days={yesterday - timedelta(days=1): 50})

    def all_of_it(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch([_paper(1)], days={yesterday: 50})

    feed = Source("kites-feed", nothing, Schedule.DAILY, backfilled_by="kites")
    assert [gap.day for gap in _run(empty_library, feed).gaps] == [yesterday]
    _run(empty_library, _source(all_of_it))
    assert [gap.day for gap in _run(empty_library, feed).closed_gaps] == [yesterday]


def test_a_failing_source_backs_off_and_obeys_the_requested_wait(empty_library: Library) -> None:
    waits = []
    for wait_s in (None, None, 86_400.0):

        def batches(
            client: Client, request: FetchRequest, wait_s: float | None = wait_s
        ) -> Iterator[Batch]:
            yield Batch()
            raise UnavailableError("busy", wait_s)

        _run(empty_library, _source(batches))
        with empty_library._database.read() as connection:
            state = source_state.states(connection, NOW)["kites"]
        assert state.next_at is not None
        waits.append(state.next_at - NOW)
    assert waits == [timedelta(minutes=15), timedelta(minutes=30), timedelta(days=1)]
    assert state.failures == 3


def test_papers_are_looked_up_again_after_requery_after(empty_library: Library) -> None:
    empty_library.add("arxiv", [_paper(number) for number in range(8)])
    empty_library.vote("arxiv:2603.00005", "reader", on=True)
    asked_about = []

    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        asked_about.append([paper.arxiv_id for paper in request.papers])
        ids = [paper.id for paper in request.papers]
        yield Batch(days={request.now.date(): len(ids)}, queried=ids)

    source = _source(
        batches, Schedule.PER_QUERY, paper_filter=PaperFilter.IDENTIFIED, papers_per_run=5
    )
    for now in (NOW, NOW, NOW + timedelta(days=8)):
        _run(empty_library, source, now)
    assert asked_about[0][0] == "2603.00005"
    assert [len(about) for about in asked_about] == [5, 3, 5]
    assert not set(asked_about[0]) & set(asked_about[1])


def test_papers_of_a_day_without_results_are_looked_up_again(
    empty_library: Library,
) -> None:
    empty_library.add("arxiv", [_paper(number) for number in range(8)])

    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(queried=[paper.id for paper in request.papers])

    source = _source(
        batches, Schedule.PER_QUERY, paper_filter=PaperFilter.IDENTIFIED, papers_per_run=8
    )
    report = _run(empty_library, source)
    assert [gap.reason for gap in report.gaps] == ["none of 8 papers was found"]
    with empty_library._database.read() as connection:
        again = source_state.papers_to_query(
            connection, "kites", NOW - timedelta(days=7), 8, PaperFilter.IDENTIFIED
        )
    assert len(again) == 8


def test_a_resumed_run_continues_the_day_counts(empty_library: Library) -> None:
    yesterday = NOW.date() - timedelta(days=1)
    counts = []
    for number, killed in enumerate((True, False, False)):

        def batches(
            client: Client, request: FetchRequest, killed: bool = killed, number: int = number
        ) -> Iterator[Batch]:
            yield Batch(days={yesterday: 30}, cursor={"half": str(number)})
            if killed:
                raise KeyboardInterrupt

        try:
            _run(empty_library, _source(batches))
        except KeyboardInterrupt:
            assert killed
        with empty_library._database.read() as connection:
            counts.append(source_state.days_of(connection, "kites")[yesterday].records)
    assert counts == [30, 60, 60]


def test_a_requested_wait_is_capped_at_a_day(empty_library: Library) -> None:
    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch()
        raise UnavailableError("busy\0", 999_999_999_999.0)

    _run(empty_library, _source(batches))
    (state,) = _states(empty_library)
    assert state.next_at == NOW + timedelta(days=1)
    assert state.error == "busy"


def test_a_run_of_selected_days_does_not_change_the_source_state(
    empty_library: Library,
) -> None:
    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch([_paper(1)], days={NOW.date() - timedelta(days=90): 1}, cursor={"page": "1"})

    report = _run(
        empty_library, _source(batches), options=FetchOptions(until=NOW.date() - timedelta(days=90))
    )
    (state,) = _states(empty_library)
    assert (state.succeeded_at, state.next_at, report.gaps) == (None, None, [])
    assert _cursor(empty_library) == {"page": "1"}


def test_changed_categories_discard_the_day_counts(empty_library: Library) -> None:
    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        for n in range(1, 30):
            yield Batch(days={request.now.date() - timedelta(days=n): 600})

    def fewer(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(days={request.now.date() - timedelta(days=1): 120})

    both, one = FetchOptions(categories=("cs.LG", "cs.CL")), FetchOptions(categories=("cs.LG",))
    _run(empty_library, _source(batches, by_category=True), options=both)
    source, later = _source(fewer, by_category=True), NOW + timedelta(days=1)
    assert not _run(empty_library, source, later, one).gaps
    assert _run(empty_library, source, later + timedelta(days=9), one).gaps


def test_an_old_gap_is_closed(empty_library: Library) -> None:
    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(days={NOW.date() - timedelta(days=2): 50})
        if request.now > NOW + timedelta(days=20):
            for n in range(1, 30):
                yield Batch(days={request.now.date() - timedelta(days=n): 50})

    first = _run(empty_library, _source(batches))
    assert [gap.day for gap in first.gaps] == [NOW.date() - timedelta(days=1)]
    late = _run(empty_library, _source(batches), NOW + timedelta(days=25))
    assert [gap.day for gap in late.closed_gaps] == [NOW.date() - timedelta(days=1)]
    assert not late.gaps


def test_a_gap_stays_open_while_there_are_no_newer_records(empty_library: Library) -> None:
    def frozen(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(days={NOW.date() - timedelta(days=2): 50})

    for n in range(6):
        report = _run(empty_library, _source(frozen), NOW + timedelta(days=n))
        assert not report.closed_gaps
    assert len(report.gaps) == 6


def test_repeated_partial_runs_count_a_day_once(empty_library: Library) -> None:
    yesterday = NOW.date() - timedelta(days=1)

    def batches(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(cursor={"day": "before"})
        yield Batch(days={yesterday: 10})
        raise SourceError("the line went dead")

    for _ in range(4):
        _run(empty_library, _source(batches))
    with empty_library._database.read() as connection:
        assert source_state.days_of(connection, "kites")[yesterday].records == 10
