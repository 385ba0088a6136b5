import re
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.identity import parse_any_id
from broadsheet.sources.mentions import papers_linked, parse_moment, spans, thread_source
from broadsheet.sources.source import FetchRequest

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://arxiv.org/abs/2502.14802v2", "arxiv:2502.14802"),
        ("http://export.arxiv.org/pdf/2502.14802v1.pdf?download=1", "arxiv:2502.14802"),
        ("https://arxiv.org/html/2502.14802v1#S3", "arxiv:2502.14802"),
        ("https://arxiv.org/abs/math.AG/0601001", "arxiv:math/0601001"),
        ("https://huggingface.co/papers/2502.14802", "arxiv:2502.14802"),
        ("hf.co/papers/2502.14802.", "arxiv:2502.14802"),
        ("https://www.alphaxiv.org/abs/2502.14802", "arxiv:2502.14802"),
        ("https://alphaxiv.org/overview/2502.14802v3", "arxiv:2502.14802"),
        ("https://doi.org/10.48550/arXiv.2502.14802", "arxiv:2502.14802"),
        ("as arXiv:2502.14802 [cs.CL] says", "arxiv:2502.14802"),
        ("oai:arXiv.org:2502.14802v1", "arxiv:2502.14802"),
        ("arxiv.org&#x2F;abs&#x2F;2502.14802", "arxiv:2502.14802"),
        ('<a href="https://arxiv.org/abs/2502.14802">', "arxiv:2502.14802"),
        ("https://doi.org/10.1000/X.1?utm=1", "doi:10.1000/x.1"),
        ("https://dx.doi.org/10.1000%2Fx1", "doi:10.1000/x1"),
        ("doi: 10.1000/x1, and more", "doi:10.1000/x1"),
        ("(see https://doi.org/10.1016/S0140-6736(20)3018).", "doi:10.1016/s0140-6736(20)3018"),
        ("[Kites](https://doi.org/10.1000/x1)", "doi:10.1000/x1"),
        ("https://dl.acm.org/doi/abs/10.1145/12.34", "doi:10.1145/12.34"),
        (
            "https://www.biorxiv.org/content/10.1101/2026.01.02.123456v1.full",
            "doi:10.1101/2026.01.02.123456",
        ),
        ("https://aclanthology.org/2024.acl-long.1.pdf", "acl:2024.acl-long.1"),
        ("https://www.aclweb.org/anthology/p19-1001/", "acl:P19-1001"),
    ],
)
def test_an_address_in_any_form_names_its_paper(text: str, found: str) -> None:
    assert papers_linked(text) == (found,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://arxiv.org/list/cs.CL/recent",
        "https://arxiv.org/abs/2502.1480212",
        "https://arxiv.org/abs/2599.14802",
        "https://notarxiv.org/abs/2502.14802",
        "https://huggingface.co/papers",
        "https://mydoi.org/10.1000/x1",
        "version 10.1000/x of 2502.14802",
    ],
)
def test_what_links_to_no_paper_names_none(text: str) -> None:
    assert papers_linked(text) == ()


def test_papers_come_in_order_and_none_twice() -> None:
    found = papers_linked(
        "doi.org/10.1000/b arxiv.org/abs/2502.00002",
        None,
        "arxiv.org/pdf/2502.00002v3 arxiv.org/abs/2502.00001",
    )
    assert found == ("doi:10.1000/b", "arxiv:2502.00002", "arxiv:2502.00001")


@pytest.mark.parametrize(
    "piece", ["arxiv.org/abs/", "10.1000/", "doi:10.1000/(((", "&#x2f;", "a-", "9.", "/doi/pdf/"]
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    began = time.perf_counter()
    papers_linked(piece * (400_000 // len(piece)))
    assert time.perf_counter() - began < 5


@given(st.text())
def test_any_text_names_nothing_but_ids(text: str) -> None:
    assert all(
        parse_any_id(one) == one for one in papers_linked(text, f"https://doi.org/10.1000/{text}")
    )


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T10:20:30.123456Z", datetime(2026, 3, 2, 10, 20, 30, 123456, UTC)),
        ("2026-03-02T01:00:00+02:00", datetime(2026, 3, 1, 23, tzinfo=UTC)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 00:00:00 -0400", datetime(2026, 3, 2, 4, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("Mon, 99 Mar 2026 00:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        ("2" * 100, None),
    ],
)
def test_moments_are_read_as_aware_utc(text: str | None, moment: datetime | None) -> None:
    assert parse_moment(text) == moment


@given(st.text())
def test_a_moment_of_any_text_raises_nothing(text: str) -> None:
    read = parse_moment(text)
    assert read is None or read.tzinfo is UTC


def days_of(request: FetchRequest) -> list[tuple[datetime, datetime, bool]]:
    told = spans(request, timedelta(days=2), timedelta(days=3), date(2026, 1, 1))
    return [(span.start, span.end, span.cursor is not None) for span in told]


def test_without_a_cursor_the_last_days_are_asked_for_in_full() -> None:
    assert days_of(FetchRequest(NOW)) == [(datetime(2026, 3, 9, tzinfo=UTC), NOW, True)]


def test_an_old_cursor_is_gone_on_from_and_the_last_days_stay_together() -> None:
    told = days_of(FetchRequest(NOW, cursor={"until": "2026-03-05T12:00:00+00:00"}))
    assert told == [
        (datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC), True),
        (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC), True),
        (datetime(2026, 3, 9, tzinfo=UTC), NOW, True),
    ]


def test_since_and_until_go_before_the_cursor_and_do_not_move_it_over_days_left_out() -> None:
    request = FetchRequest(
        NOW,
        cursor={"until": "2026-03-01T00:00:00+00:00"},
        since=date(2026, 3, 4),
        until=date(2026, 3, 5),
    )
    start, end = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
    assert days_of(request) == [(start, end, False)]


def test_a_cursor_does_not_go_back() -> None:
    request = FetchRequest(
        NOW, cursor={"until": "2026-03-10T00:00:00+00:00"}, since=date(2026, 3, 5)
    )
    assert days_of(request) == [
        (datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC), False),
        (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC), False),
        (datetime(2026, 3, 9, tzinfo=UTC), NOW, True),
    ]


@pytest.mark.parametrize("since", [date.min, date(1999, 1, 1)])
def test_no_day_before_the_first_is_asked_for(since: date) -> None:
    request = FetchRequest(NOW, since=since, until=date.max)
    told = days_of(request)
    assert told[0][0] == datetime(2026, 1, 1, tzinfo=UTC)
    assert told[-1][1] == NOW


def test_the_future_is_not_asked_for() -> None:
    assert days_of(FetchRequest(NOW, since=date(2026, 3, 12))) == []


def test_a_damaged_cursor_is_as_none() -> None:
    assert days_of(FetchRequest(NOW, cursor={"until": "\0"})) == days_of(FetchRequest(NOW))


def test_a_thread_has_a_name_that_is_short_and_its_own() -> None:
    told = ["12684980", "t3_1abc", "at://did:plc:kites/app.bsky.feed.post/1", "a:b", "7" * 41, ""]
    sources = [thread_source("hn", thread) for thread in told]
    assert sources[:2] == ["hn:12684980", "hn:t3_1abc"]
    assert all(re.fullmatch("hn:[0-9a-f]{20}", source) for source in sources[2:])
    assert len(set(sources)) == len(told)


@given(st.text())
def test_a_thread_of_any_id_is_named_for_good(thread: str) -> None:
    source = thread_source("hn", thread)
    assert re.fullmatch(r"hn:[A-Za-z0-9_-]{1,40}", source)
    assert thread_source("hn", thread) == source
