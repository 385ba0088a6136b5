"""A run keeps what a source tells batch by batch, and judges its days."""

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


def test_each_batch_is_kept_with_the_cursor_after_it(empty_library: Library) -> None:
    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        start = int(request.cursor.get("page", "0"))
        for page in range(start, start + 2):
            yield Batch([_paper(page)], cursor={"page": str(page + 1)})
        raise SourceError("the line went dead")

    report = _run(empty_library, _source(tell))
    assert (report.tally.new, report.error) == (2, "the line went dead")
    assert _cursor(empty_library) == {"page": "2"}
    _run(empty_library, _source(tell))
    assert empty_library.health().papers == 4


def test_a_source_that_breaks_down_raises_nothing(empty_library: Library) -> None:
    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch([_paper(1)])
        raise ZeroDivisionError

    report = _run(empty_library, _source(tell))
    assert report.error
    assert "should not have happened" in report.error
    assert empty_library.health().papers == 1


def test_signals_of_unknown_papers_are_let_go_and_counted(empty_library: Library) -> None:
    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        readings = [
            Signal(f"arxiv:2603.{number:05}", Kind.STARS, 5, request.now, "kites")
            for number in (1, 2)
        ]
        yield Batch([_paper(1)], readings)

    for _ in range(2):
        report = _run(empty_library, _source(tell))
        assert (report.signals, report.unmatched) == (1, 1)
    assert len(empty_library.signals("arxiv:2603.00001")) == 1


def test_notices_of_unknown_papers_make_no_paper(empty_library: Library) -> None:
    empty_library.add("arxiv", [_paper(1)])

    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch([_paper(1), _paper(2)], existing_only=True)

    report = _run(empty_library, _source(tell))
    assert (report.tally.merged, report.tally.unknown) == (1, 1)
    assert empty_library.health().papers == 1


def test_a_limit_stops_between_batches_and_judges_nothing(empty_library: Library) -> None:
    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        for number in range(100):
            yield Batch([_paper(number)], cursor={"page": str(number)})

    report = _run(empty_library, _source(tell), options=FetchOptions(limit=3))
    assert report.records == 3
    assert not report.gaps
    assert _cursor(empty_library) == {"page": "2"}


def test_what_cannot_be_read_is_told_and_skipped(empty_library: Library) -> None:
    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch([Malformed("page 1 record 3", "missing title"), _paper(1)])

    report = _run(empty_library, _source(tell))
    assert (report.skipped, report.malformed[0].place) == (1, "page 1 record 3")


def test_a_thin_day_is_a_gap_that_the_next_run_fills(empty_library: Library) -> None:
    thin = [NOW.date() - timedelta(days=1)]
    asked_since = []

    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        asked_since.append(request.since)
        first = request.since or NOW.date() - timedelta(days=30)
        day = first
        while day < request.now.date():
            yield Batch(days={day: 3 if day in thin else 50})
            day += timedelta(days=1)

    report = _run(empty_library, _source(tell))
    (gap,) = report.gaps
    assert (gap.day, gap.why) == (thin[0], "only 3 of the usual 50 records came")
    states = {state.name: state for state in _states(empty_library)}
    assert states["kites"].next_at == NOW + timedelta(hours=1)
    thin.clear()
    report = _run(empty_library, _source(tell), NOW + timedelta(hours=1))
    assert asked_since == [None, gap.day]
    assert [filled.day for filled in report.mended] == [gap.day]
    assert not report.gaps


def _states(library: Library) -> list[SourceState]:
    with library._database.read() as connection:
        return list(source_state.states(connection, NOW).values())


def test_a_day_that_stays_empty_is_given_up_after_three_days(empty_library: Library) -> None:
    quiet = NOW.date() - timedelta(days=1)

    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        first = NOW.date() - timedelta(days=10)
        for n in range((request.now.date() - first).days):
            if first + timedelta(days=n) != quiet:
                yield Batch(days={first + timedelta(days=n): 50})

    assert [gap.day for gap in _run(empty_library, _source(tell)).gaps] == [quiet]
    assert _run(empty_library, _source(tell), NOW + timedelta(days=2)).gaps
    late = _run(empty_library, _source(tell), NOW + timedelta(days=3))
    assert [gap.day for gap in late.mended] == [quiet]
    assert not _run(empty_library, _source(tell), NOW + timedelta(days=4)).gaps


def test_what_a_feed_missed_is_backfilled_by_the_source_that_can_look_back(
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
    assert [gap.day for gap in _run(empty_library, feed).mended] == [yesterday]


def test_a_failing_source_is_asked_again_ever_later_and_as_it_told(empty_library: Library) -> None:
    waits = []
    for wait_s in (None, None, 86_400.0):

        def tell(
            client: Client, request: FetchRequest, wait_s: float | None = wait_s
        ) -> Iterator[Batch]:
            yield Batch()
            raise UnavailableError("busy", wait_s)

        _run(empty_library, _source(tell))
        with empty_library._database.read() as connection:
            state = source_state.states(connection, NOW)["kites"]
        assert state.next_at is not None
        waits.append(state.next_at - NOW)
    assert waits == [timedelta(minutes=15), timedelta(minutes=30), timedelta(days=1)]
    assert state.failures == 3


def test_a_source_is_asked_about_papers_once_in_a_while(empty_library: Library) -> None:
    empty_library.add("arxiv", [_paper(number) for number in range(8)])
    empty_library.vote("arxiv:2603.00005", "reader", on=True)
    asked_about = []

    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        asked_about.append([paper.arxiv_id for paper in request.papers])
        ids = [paper.id for paper in request.papers]
        yield Batch(days={request.now.date(): len(ids)}, queried=ids)

    source = _source(
        tell, Schedule.PER_QUERY, paper_filter=PaperFilter.IDENTIFIED, papers_per_run=5
    )
    for now in (NOW, NOW, NOW + timedelta(days=8)):
        _run(empty_library, source, now)
    assert asked_about[0][0] == "2603.00005"
    assert [len(about) for about in asked_about] == [5, 3, 5]
    assert not set(asked_about[0]) & set(asked_about[1])


def test_papers_that_got_no_answer_on_a_bad_day_are_asked_about_again(
    empty_library: Library,
) -> None:
    empty_library.add("arxiv", [_paper(number) for number in range(8)])

    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(queried=[paper.id for paper in request.papers])

    source = _source(
        tell, Schedule.PER_QUERY, paper_filter=PaperFilter.IDENTIFIED, papers_per_run=8
    )
    report = _run(empty_library, source)
    assert [gap.why for gap in report.gaps] == ["none of 8 papers asked about was known"]
    with empty_library._database.read() as connection:
        again = source_state.papers_to_query(
            connection, "kites", NOW - timedelta(days=7), 8, PaperFilter.IDENTIFIED
        )
    assert len(again) == 8


def test_a_killed_run_counts_on_where_it_stopped(empty_library: Library) -> None:
    yesterday = NOW.date() - timedelta(days=1)
    counts = []
    for number, killed in enumerate((True, False, False)):

        def tell(
            client: Client, request: FetchRequest, killed: bool = killed, number: int = number
        ) -> Iterator[Batch]:
            yield Batch(days={yesterday: 30}, cursor={"half": str(number)})
            if killed:
                raise KeyboardInterrupt

        try:
            _run(empty_library, _source(tell))
        except KeyboardInterrupt:
            assert killed
        with empty_library._database.read() as connection:
            counts.append(source_state.days_of(connection, "kites")[yesterday].records)
    assert counts == [30, 60, 60]


def test_no_wait_that_a_service_tells_is_longer_than_a_day(empty_library: Library) -> None:
    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch()
        raise UnavailableError("busy\0", 999_999_999_999.0)

    _run(empty_library, _source(tell))
    (state,) = _states(empty_library)
    assert state.next_at == NOW + timedelta(days=1)
    assert state.error == "busy"


def test_a_run_of_some_days_by_hand_tells_nothing_of_how_the_source_fares(
    empty_library: Library,
) -> None:
    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch([_paper(1)], days={NOW.date() - timedelta(days=90): 1}, cursor={"page": "1"})

    report = _run(
        empty_library, _source(tell), options=FetchOptions(until=NOW.date() - timedelta(days=90))
    )
    (state,) = _states(empty_library)
    assert (state.succeeded_at, state.next_at, report.gaps) == (None, None, [])
    assert _cursor(empty_library) == {"page": "1"}


def test_asked_for_other_things_a_source_has_another_normal_day(empty_library: Library) -> None:
    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        for n in range(1, 30):
            yield Batch(days={request.now.date() - timedelta(days=n): 600})

    def tell_less(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(days={request.now.date() - timedelta(days=1): 120})

    both, one = FetchOptions(categories=("cs.LG", "cs.CL")), FetchOptions(categories=("cs.LG",))
    _run(empty_library, _source(tell, by_category=True), options=both)
    source, later = _source(tell_less, by_category=True), NOW + timedelta(days=1)
    assert not _run(empty_library, source, later, one).gaps
    assert _run(empty_library, source, later + timedelta(days=9), one).gaps


def test_an_old_gap_is_closed_too(empty_library: Library) -> None:
    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(days={NOW.date() - timedelta(days=2): 50})
        if request.now > NOW + timedelta(days=20):
            for n in range(1, 30):
                yield Batch(days={request.now.date() - timedelta(days=n): 50})

    first = _run(empty_library, _source(tell))
    assert [gap.day for gap in first.gaps] == [NOW.date() - timedelta(days=1)]
    late = _run(empty_library, _source(tell), NOW + timedelta(days=25))
    assert [gap.day for gap in late.mended] == [NOW.date() - timedelta(days=1)]
    assert not late.gaps


def test_a_day_is_not_given_up_while_nothing_newer_comes(empty_library: Library) -> None:
    def frozen(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(days={NOW.date() - timedelta(days=2): 50})

    for n in range(6):
        report = _run(empty_library, _source(frozen), NOW + timedelta(days=n))
        assert not report.mended
    assert len(report.gaps) == 6


def test_a_day_that_fails_half_way_again_and_again_counts_once(empty_library: Library) -> None:
    yesterday = NOW.date() - timedelta(days=1)

    def tell(client: Client, request: FetchRequest) -> Iterator[Batch]:
        yield Batch(cursor={"day": "before"})
        yield Batch(days={yesterday: 10})
        raise SourceError("the line went dead")

    for _ in range(4):
        _run(empty_library, _source(tell))
    with empty_library._database.read() as connection:
        assert source_state.days_of(connection, "kites")[yesterday].records == 10
