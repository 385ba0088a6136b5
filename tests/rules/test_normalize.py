import unicodedata
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.normalize import is_untitled, make_paper, title_from

HOSTILE = st.text(st.characters(codec=None, exclude_categories=())) | st.none()


kites = partial(make_paper, title="How Kites Learn")


@pytest.mark.parametrize("title", [None, "", " \t\n", "\0\u202e\u200b", "\ud800"])
def test_missing_title_raises_value_error(title: str | None) -> None:
    with pytest.raises(ValueError, match=r"^missing title$"):
        make_paper(title=title, abstract="Kites.")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  How\n  Kites\tLearn \r\n", "How Kites Learn"),
        ("How\xa0Kites\u2028Learn", "How Kites Learn"),
        ("How\0 Ki\x07tes\x7f Learn", "How Kites Learn"),
        ("How \ud800Kites\udfff Learn", "How Kites Learn"),
        ("\u202eHow \u2066Kites\u2069 Learn\u202c", "How Kites Learn"),
        ("\ufeffHow Ki\u200btes Le\xadarn\uffff", "How Kites Learn"),
        ("Löwe: $\\alpha_{i}$ & <b>", "Löwe: $\\alpha_{i}$ & <b>"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_text_is_cleaned(raw: str, expected: str) -> None:
    assert make_paper(title=raw).title == expected
    assert kites(abstract=raw, comment=raw, venue=raw).abstract == expected
    assert kites(authors=[raw]).authors == (expected,)


def test_fields_are_truncated() -> None:
    long = "kite " * 10_000
    paper = make_paper(
        title=long,
        abstract=long,
        authors=[f"{n} {long[:400]}" for n in range(10_001)],
        categories=[f"{n} {long}" for n in range(51)],
        venue=long,
        comment=long,
    )
    assert len(paper.title) == 999
    assert len(paper.abstract or "") == 19_999
    assert len(paper.authors) == 10_000
    assert max(map(len, paper.authors)) <= 300
    assert len(paper.categories) == 50
    assert max(map(len, paper.categories)) <= 100
    assert len(paper.venue or "") <= 500
    assert len(paper.comment or "") <= 2_000


def test_fields_empty_after_cleaning_are_none() -> None:
    paper = kites(abstract=" ", comment="\0", venue="", authors=["", " "], categories=["\u200b"])
    assert (paper.abstract, paper.comment, paper.venue) == (None, None, None)
    assert (paper.authors, paper.categories) == ((), ())


def test_duplicate_categories_are_dropped() -> None:
    assert kites(categories=["cs.LG", " cs.LG", "stat.ML"]).categories == ("cs.LG", "stat.ML")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2025", "2025"),
        ("2025-02", "2025-02"),
        ("2025-2-3", "2025-02-03"),
        ("2025/02/03", "2025-02-03"),
        (" 2025-02-03 ", "2025-02-03"),
        ("2025-02-03T04:05:06Z", "2025-02-03"),
        ("2024-02-29", "2024-02-29"),
        ("1500", "1500"),
        ("2200-12-31", "2200-12-31"),
        ("2025-02-29", None),
        ("2025-13", None),
        ("2025-00-00", None),
        ("1499", None),
        ("2201-01-01", None),
        ("0000", None),
        ("２０２５", None),
        ("in press", None),
        ("", None),
    ],
)
def test_invalid_dates_are_none(raw: str, expected: str | None) -> None:
    assert kites(published=raw).published == expected


@pytest.mark.parametrize(
    "raw",
    ["https://kites.example/a?b=c#d", "HTTP://kites.example", "https://kites.example:8080/é"],
)
def test_http_urls_are_kept(raw: str) -> None:
    assert kites(url=raw).url == raw
    assert kites(code_url=f" {raw}\n").code_url == raw


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://kites.example/",
        "//kites.example/",
        "kites.example",
        "https://",
        "https:///path",
        "https://known.example@other.example/",
        "https://known.example\\@other.example/",
        "https://kites.example/a b",
        "https://[kites/",
        "https://kites.example:port/",
        "https://kites.example/" + "a" * 2_000,
    ],
)
def test_other_urls_are_dropped(raw: str) -> None:
    assert kites(url=raw).url is None
    assert kites(code_url=raw).code_url is None


def test_ids_are_parsed_from_arguments_and_url() -> None:
    assert kites(arxiv="arXiv:2502.00001v2").id == "arxiv:2502.00001"
    assert kites(doi="https://doi.org/10.1234/ABC").id == "doi:10.1234/abc"
    assert kites(url="https://arxiv.org/pdf/2502.00001").arxiv_id == "2502.00001"
    assert kites(url="https://doi.org/10.1234/ABC").doi == "10.1234/abc"


def test_an_arxiv_doi_sets_the_arxiv_id_only() -> None:
    paper = kites(doi="10.48550/arXiv.2502.00001")
    assert (paper.arxiv_id, paper.doi) == ("2502.00001", None)


def test_invalid_ids_fall_back_to_the_hash() -> None:
    paper = kites(arxiv="2513.99999", doi="10.1234", authors=["Ada Windrow"])
    assert (paper.arxiv_id, paper.doi) == (None, None)
    assert paper.id.startswith("hash:")


@given(title=HOSTILE, abstract=HOSTILE, authors=st.lists(HOSTILE.filter(bool)), other=HOSTILE)
def test_any_input_returns_clean_text_or_raises_value_error(
    title: str | None, abstract: str | None, authors: list[str], other: str | None
) -> None:
    fields: dict[str, Any] = {"title": title, "abstract": abstract, "authors": authors}
    names = ("published", "arxiv", "doi", "url", "venue", "comment", "code_url")
    try:
        paper = make_paper(**fields, **dict.fromkeys(names, other))
    except ValueError as error:
        assert str(error) == "missing title"
        return
    for text in (paper.title, paper.abstract or "", *paper.authors):
        assert text == " ".join(text.split())
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text)
    again = make_paper(title=paper.title, abstract=paper.abstract, authors=paper.authors)
    assert (again.title, again.abstract, again.authors) == (
        paper.title,
        paper.abstract,
        paper.authors,
    )


def test_a_derived_title_ends_at_a_word_and_is_recognised() -> None:
    abstract = "Kites " * 100
    title = title_from(abstract)
    assert title is not None
    assert len(title) <= 121
    assert title.endswith("Kites…")
    assert is_untitled(make_paper(title=title, abstract=abstract))
    assert not is_untitled(make_paper(title="Kites", abstract=abstract))
    assert title_from(" ") is None
    assert title_from("x" * 500) == "x" * 120 + "…"


def test_a_separator_between_authors_is_no_author() -> None:
    paper = make_paper(title="Kites", authors=["Kite Team", ":", "王秀英", "Bo"])
    assert paper.authors == ("Kite Team", "王秀英", "Bo")
