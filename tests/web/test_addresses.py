import pytest

from broadsheet.web.addresses import local_path, paper_path, plain, possible_ids, web_link


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "http://",
        "http://[",
        "/a",
    ],
)
def test_a_link_that_is_not_http_is_refused(url: str | None) -> None:
    assert web_link(url) is None


def test_an_http_link_is_returned_unchanged() -> None:
    assert web_link("https://a.example/?b=c") == "https://a.example/?b=c"


@pytest.mark.parametrize(
    "back",
    [
        "",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "/a\ud800",
    ],
)
def test_a_redirect_target_on_another_site_is_refused(back: str) -> None:
    assert local_path(back, "/home") == "/home"


def test_a_redirect_target_keeps_query_and_fragment() -> None:
    assert local_path("/search?q=a%20b&page=2#n3", "/") == "/search?q=a%20b&page=2#n3"


def test_plain_removes_control_characters_and_surrogates() -> None:
    assert plain("\x00a\ud800\r\nb\x1b[0m\u00a0") == "a b [0m"


@pytest.mark.parametrize(
    ("paper_id", "path"),
    [
        ("arxiv:hep-th/9901001", "/papers/arxiv:hep-th/9901001"),
        ("doi:10.1/a?b#c%20<d>", "/papers/doi:10.1/a%3Fb%23c%2520%3Cd%3E"),
        ("hash:\ud800", "/papers/hash:%3F"),
    ],
)
def test_paper_ids_become_paths(paper_id: str, path: str) -> None:
    assert paper_path(paper_id) == path


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("arxiv:2502.14802", ("arxiv:2502.14802",)),
        ("arXiv:2502.14802v3", ("arXiv:2502.14802v3", "arxiv:2502.14802")),
        ("hep-th/9901001", ("hep-th/9901001", "arxiv:hep-th/9901001")),
        ("10.1007/BF1", ("10.1007/BF1", "doi:10.1007/bf1")),
        ("hash:abc", ("hash:abc",)),
        ("\x00", ()),
    ],
)
def test_bare_ids_are_completed(text: str, ids: tuple[str, ...]) -> None:
    assert possible_ids(text) == ids
