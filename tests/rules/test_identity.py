import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadsheet.rules.identity import (
    may_be_same_author,
    paper_id,
    parse_arxiv_id,
    parse_doi,
    title_key,
)

MONTHS = st.tuples(st.integers(0, 99), st.integers(1, 12)).map(lambda ym: "{:02}{:02}".format(*ym))
NEW_IDS = st.builds(lambda month, n: f"{month}.{n:05}", MONTHS, st.integers(0, 99_999))
OLD_IDS = st.builds(
    lambda archive, month, n: f"{archive}/{month}{n:03}",
    st.sampled_from(["hep-th", "math", "astro-ph", "cs", "q-bio"]),
    MONTHS,
    st.integers(0, 999),
)
FORMS = [
    "{}",
    " {} ",
    "{}v2",
    "arXiv:{}",
    "arxiv: {}v11",
    "https://arxiv.org/abs/{}",
    "http://www.arxiv.org/abs/{}v1",
    "https://export.arxiv.org/abs/{}",
    "arxiv.org/pdf/{}",
    "https://arxiv.org/pdf/{}v3.pdf",
    "https://arxiv.org/html/{}v1#S2",
    "https://arxiv.org/abs/{}?context=cs",
    "10.48550/arXiv.{}",
    "https://doi.org/10.48550/arXiv.{}",
]


@pytest.mark.parametrize("form", FORMS)
@given(expected=NEW_IDS | OLD_IDS)
def test_every_form_of_an_arxiv_id_parses_to_the_same_id(form: str, expected: str) -> None:
    assert parse_arxiv_id(form.format(expected)) == expected


@pytest.mark.parametrize("text", ["math.AG/0601001", "arXiv:MATH.ag/0601001v1", "Math/0601001"])
def test_old_arxiv_ids_drop_the_subject_class_and_case(text: str) -> None:
    assert parse_arxiv_id(text) == "math/0601001"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kites",
        "2502",
        "2502.123",
        "2502.123456",
        "2513.12345",
        "2500.12345",
        "math/0613001",
        "２５０２.14802",
        "hep-th\u212a/9901001",
        "10.1234/2502.14802",
        "https://elsewhere.example/abs/2502.14802",
        "2502.14802 and more",
    ],
)
def test_text_that_is_not_an_arxiv_id_returns_none(text: str) -> None:
    assert parse_arxiv_id(text) is None


@given(st.text() | NEW_IDS | OLD_IDS)
def test_parsing_an_arxiv_id_is_idempotent(text: str) -> None:
    expected = parse_arxiv_id(text)
    assert expected is None or parse_arxiv_id(expected) == expected


@pytest.mark.parametrize("text", ["{}", "doi:{}", "DOI: {}", "https://doi.org/{}", "{}."])
@pytest.mark.parametrize("address", ["http://dx.doi.org/{}", "doi.org/{}", "{};", " {} "])
def test_every_form_of_a_doi_parses_to_the_same_doi(text: str, address: str) -> None:
    assert parse_doi(text.format("10.1234/ABC.Def(1)")) == "10.1234/abc.def(1)"
    assert parse_doi(address.format("10.1234/ABC.Def(1)")) == "10.1234/abc.def(1)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.1234",
        "10.1234/",
        "10.1234/...",
        "10.12/x",
        "10.1234/a b",
        "１０.1234/x",
        "10.1234/x\u202ey",
        "10.1234/x\0",
        "10.1234/" + "x" * 600,
        "https://elsewhere.example/10.1234/x",
    ],
)
def test_text_that_is_not_a_doi_returns_none(text: str) -> None:
    assert parse_doi(text) is None


@given(st.text() | st.text().map(lambda tail: f"10.1234/{tail}"))
@example("10.1234/.")
@example("10.1234/a.;")
@example("10.1234/" + "İ" * 300)
def test_parsing_a_doi_is_idempotent(text: str) -> None:
    expected = parse_doi(text)
    assert expected is None or parse_doi(expected) == expected


@given(st.text())
@example("\\alpha{\\beta}")
@example("ŉ\u0345ﬃ")
def test_title_key_is_idempotent(title: str) -> None:
    key = title_key(title)
    assert title_key(key) == key
    assert not key or key.isalnum()


@given(st.text())
def test_title_key_ignores_punctuation_spaces_and_ascii_case(title: str) -> None:
    key = title_key(title)
    assert title_key(f"  {{{title}}} - ! ") == key
    if title.isascii() and "\\" not in title:
        assert title_key(title.upper()) == key


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Ada Windrow", "Windrow, Ada"),
        ("A. Windrow", "Ada Windrow"),
        ("José Farol", "Jose FAROL"),
        ("Windrow", "Ada Windrow"),
        (None, "Ada Windrow"),
        ("...", "Ada Windrow"),
    ],
)
def test_spellings_of_one_name_may_be_the_same_author(name: str | None, other: str) -> None:
    assert may_be_same_author(name, other)
    assert may_be_same_author(other, name)


@pytest.mark.parametrize("other", ["Ben Windrow", "Ada Lampe", "Hana Lampe"])
def test_a_different_initial_or_family_name_is_a_different_author(other: str) -> None:
    assert not may_be_same_author("Ada Windrow", other)


def test_paper_id_prefers_arxiv_then_doi_then_title() -> None:
    assert paper_id("Kites", "A", "2502.00001", "10.1234/x") == "arxiv:2502.00001"
    assert paper_id("Kites", "A", None, "10.1234/x") == "doi:10.1234/x"
    assert paper_id("Kites", "A").startswith("hash:")


def test_spellings_of_title_and_author_have_the_same_hash() -> None:
    assert paper_id("How Kites Learn!", "Ada Windrow") == paper_id("how kites learn", "Windrow, A.")
    assert paper_id("How Kites Learn", "Ada Windrow") != paper_id("How Kites Learn", "Hana Lampe")


@given(st.text(min_size=1), st.none() | st.text())
def test_any_title_returns_a_hash_of_16_digits(title: str, author: str | None) -> None:
    kind, _, digest = paper_id(title, author).partition(":")
    assert kind == "hash"
    assert len(digest) == 16
    assert int(digest, 16) >= 0
