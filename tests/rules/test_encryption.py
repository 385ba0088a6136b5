import pytest

from broadsheet.rules.encryption import unencrypted_links

LOCAL = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("base_url", "smtp", "database"),
    [
        (LOCAL, None, None),
        ("http://[::1]:8000", "smtp://localhost:25", "postgresql+psycopg:///news"),
        ("https://news.example", "smtps://mail.example", "sqlite:///x"),
        ("https://news.example", "smtp://ada:pw@mail.example", None),
        ("https://news.example", "smtp://mail.example?tls=required", None),
        (LOCAL, None, "postgresql+psycopg://u:pw@db.example/news?sslmode=verify-full"),
        ("http://[", "smtp://[", "postgresql://["),
    ],
)
def test_an_encrypted_or_local_connection_needs_no_warning(
    base_url: str, smtp: str | None, database: str | None
) -> None:
    assert list(unencrypted_links(base_url, smtp, database)) == []


@pytest.mark.parametrize(
    ("base_url", "smtp", "database", "remedy"),
    [
        ("http://news.example", None, None, "https"),
        ("http://192.0.2.7:8000", None, None, "https"),
        (LOCAL, "smtp://mail.example", None, "?tls=required"),
        (LOCAL, "smtp://ada@hunter2/pass@mail.example", None, "?tls=required"),
        (LOCAL, None, "postgresql+psycopg://u:hunter2@db.example/news", "?sslmode=verify-full"),
        (LOCAL, None, "postgresql://u:hunter2@10.0.0.7/n?sslmode=prefer", "?sslmode=verify-full"),
    ],
)
def test_a_connection_that_may_be_unencrypted_is_named_with_its_remedy(
    base_url: str, smtp: str | None, database: str | None, remedy: str
) -> None:
    (sentence,) = unencrypted_links(base_url, smtp, database)
    assert remedy in sentence
    assert "hunter2" not in sentence
