from datetime import UTC, date, datetime, timedelta
from html import escape

import pytest

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.model import Kind, Malformed, Signal
from broadsheet.sources.reddit import fetch
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

HOST, PATH = "www.reddit.com", "/r/MachineLearning/new/.rss"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
REQUEST = FetchRequest(NOW)


def post(number: int, linked: str, when: str | None = "2026-03-10T12:00:00+00:00") -> str:
    content = f'submitted by u/kites <br/> <a href="{linked}">[link]</a> &#32; <a>[comments]</a>'
    date_told = f"<updated>{when}</updated><published>{when}</published>" if when else ""
    return f"""<entry><author><name>/u/kites</name></author>
      <category term="MachineLearning" label="r/MachineLearning"/>
      <content type="html">{escape(content)}</content><id>t3_{number}</id>
      <link href="https://www.reddit.com/r/MachineLearning/comments/{number}/kites/"/>
      {date_told}<title>Kites</title></entry>"""


def feed(*posts: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <feed xmlns="http://www.w3.org/2005/Atom"><updated>2026-03-11T08:59:00+00:00</updated>
    <title>newest submissions</title>{"".join(posts)}</feed>"""


def run(client: Client, request: FetchRequest = REQUEST) -> list[Batch]:
    return list(fetch(client, request))


def test_each_post_that_links_to_a_paper_is_a_series_of_its_own(
    services: Services, client: Client
) -> None:
    services.answer(
        HOST,
        PATH,
        feed(
            post(3, "https://arxiv.org/abs/2603.00001", "2026-03-10T12:00:00+00:00"),
            post(2, "https://huggingface.co/papers/2603.00001", "2026-03-09T12:00:00+00:00"),
            post(1, "https://kites.example/", "2026-03-09T11:00:00+00:00"),
        ),
    )
    (batch,) = run(client)
    newest, older = (datetime(2026, 3, day, 12, tzinfo=UTC) for day in (10, 9))
    assert batch.records == []
    assert batch.signals == [
        Signal("arxiv:2603.00001", Kind.POSTS, 1.0, newest, "reddit:t3_3"),
        Signal("arxiv:2603.00001", Kind.POSTS, 1.0, older, "reddit:t3_2"),
    ]
    assert batch.days == {date(2026, 3, 10): 1, date(2026, 3, 9): 2}


def test_a_repeated_post_counts_once(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, feed(*[post(1, "https://arxiv.org/abs/2603.00001")] * 2))
    (batch,) = run(client)
    assert [signal.value for signal in batch.signals] == [1.0]


def test_the_observation_of_a_post_does_not_depend_on_the_others(
    services: Services, client: Client
) -> None:
    paper = "https://arxiv.org/abs/2603.00001"
    old, new = post(1, paper, "2026-03-09T12:00:00Z"), post(2, paper)
    services.answer(HOST, PATH, feed(new, old))
    (before,) = run(client)
    services.answer(HOST, PATH, feed(new))
    (after,) = run(client, FetchRequest(NOW + timedelta(hours=3)))
    assert list(after.signals) == [one for one in before.signals if one.source == "reddit:t3_2"]


def test_a_post_without_an_id_uses_its_address(services: Services, client: Client) -> None:
    posts = [
        post(n, "https://arxiv.org/abs/2603.00001").replace(f"<id>t3_{n}</id>", "") for n in (1, 2)
    ]
    services.answer(HOST, PATH, feed(*posts))
    (both,) = run(client)
    services.answer(HOST, PATH, feed(posts[1]))
    (one,) = run(client)
    assert len({signal.source for signal in both.signals}) == 2
    assert list(one.signals) == [both.signals[1]]


def test_the_argument_names_subreddits(services: Services, client: Client) -> None:
    services.answer(HOST, "/r/MachineLearning+LocalLLaMA/new/.rss", feed())
    (batch,) = run(client, FetchRequest(NOW, argument="MachineLearning+LocalLLaMA"))
    assert services.questions[0].query == {"limit": "100"}
    assert (batch.signals, batch.days) == ([], {})


@pytest.mark.parametrize("names", ["../user/kites", "a b", "a?b", "+", "é" * 5])
def test_an_invalid_subreddit_raises_without_a_request(
    services: Services, client: Client, names: str
) -> None:
    with pytest.raises(SourceError, match="is not a list of subreddits"):
        run(client, FetchRequest(NOW, argument=names))
    assert services.questions == []


def test_an_unchanged_feed_returns_no_batch(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        if question.headers.get("if-none-match") == '"1"':
            return Answer(status=304)
        return Answer(
            feed(post(1, "https://arxiv.org/abs/2603.00001")).encode(), 200, {"ETag": '"1"'}
        )

    services.respond(HOST, PATH, respond)
    (batch,) = run(client)
    assert batch.cursor == {"what": "MachineLearning", "etag": '"1"'}
    assert run(client, FetchRequest(NOW, cursor=batch.cursor)) == []
    assert len(run(client, FetchRequest(NOW, cursor=batch.cursor, since=date(2026, 3, 1)))) == 1


def test_since_and_until_limit_the_range(services: Services, client: Client) -> None:
    posts = (
        post(day, f"https://arxiv.org/abs/2603.{day:05}", f"2026-03-{day:02}T12:00:00Z")
        for day in range(10, 1, -1)
    )
    services.answer(HOST, PATH, feed(*posts))
    (batch,) = run(client, FetchRequest(NOW, since=date(2026, 3, 4), until=date(2026, 3, 5)))
    assert batch.days == {date(2026, 3, 5): 1, date(2026, 3, 4): 1}
    assert len(batch.signals) == 2
    assert batch.cursor is None


def test_posts_with_future_or_missing_dates_are_observed_now_and_not_counted(
    services: Services, client: Client
) -> None:
    paper = "https://arxiv.org/abs/2603.00001"
    services.answer(HOST, PATH, feed(post(2, paper, "2027-01-01T00:00:00Z"), post(1, paper, None)))
    (batch,) = run(client)
    assert [signal.observed_at for signal in batch.signals] == [NOW, NOW]
    assert batch.days == {}


def test_the_last_post_of_a_truncated_feed_is_reported(services: Services, client: Client) -> None:
    whole = feed(*(post(n, f"https://arxiv.org/abs/2603.0000{n}") for n in (1, 2)))
    services.answer(HOST, PATH, whole[:-200], headers={"ETag": '"1"'})
    (batch,) = run(client)
    assert [signal.paper_id for signal in batch.signals] == ["arxiv:2603.00001"]
    assert batch.records == [Malformed(f"https://{HOST}{PATH} entry 2", "truncated entry")]
    assert batch.cursor is None


@pytest.mark.parametrize("body", ["<!doctype html><html><body>whoa there</body></html>", "", "{}"])
def test_a_reply_that_is_not_a_feed_raises(services: Services, client: Client, body: str) -> None:
    services.answer(HOST, PATH, body)
    with pytest.raises(SourceError, match="is not a feed"):
        run(client)


@pytest.mark.parametrize(
    ("status", "error"), [(403, SourceError), (404, SourceError), (429, UnavailableError)]
)
def test_an_error_status_raises(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b"", status)
    with pytest.raises(error):
        run(client)


def test_a_reply_over_the_size_limit_raises(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, b" " * (9 << 20))
    with pytest.raises(SourceError, match="returned more than 8 MiB"):
        run(client)
