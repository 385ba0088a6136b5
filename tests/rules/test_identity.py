import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadsheet.rules.identity import arxiv_id, doi, paper_id, same_author, title_key

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
@given(known=NEW_IDS | OLD_IDS)
def test_every_form_of_an_arxiv_id_gives_the_same_id(form: str, known: str) -> None:
    assert arxiv_id(form.format(known)) == known


@pytest.mark.parametrize("text", ["math.AG/0601001", "arXiv:MATH.ag/0601001v1", "Math/0601001"])
def test_an_old_arxiv_id_loses_its_subject_class_and_its_capitals(text: str) -> None:
    assert arxiv_id(text) == "math/0601001"


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
def test_what_is_no_arxiv_id_gives_none(text: str) -> None:
    assert arxiv_id(text) is None


@given(st.text() | NEW_IDS | OLD_IDS)
def test_an_arxiv_id_that_was_read_reads_as_itself(text: str) -> None:
    known = arxiv_id(text)
    assert known is None or arxiv_id(known) == known


@pytest.mark.parametrize("text", ["{}", "doi:{}", "DOI: {}", "https://doi.org/{}", "{}."])
@pytest.mark.parametrize("address", ["http://dx.doi.org/{}", "doi.org/{}", "{};", " {} "])
def test_every_form_of_a_doi_gives_the_same_doi(text: str, address: str) -> None:
    assert doi(text.format("10.1234/ABC.Def(1)")) == "10.1234/abc.def(1)"
    assert doi(address.format("10.1234/ABC.Def(1)")) == "10.1234/abc.def(1)"


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
def test_what_is_no_doi_gives_none(text: str) -> None:
    assert doi(text) is None


@given(st.text() | st.text().map(lambda tail: f"10.1234/{tail}"))
@example("10.1234/.")
@example("10.1234/a.;")
def test_a_doi_that_was_read_reads_as_itself(text: str) -> None:
    known = doi(text)
    assert known is None or doi(known) == known


@given(st.text())
@example("\\alpha{\\beta}")
@example("ŉ\u0345ﬃ")
def test_a_title_key_is_its_own_key(title: str) -> None:
    key = title_key(title)
    assert title_key(key) == key
    assert not key or key.isalnum()


@given(st.text())
def test_a_title_key_does_not_hear_punctuation_spacing_or_ascii_case(title: str) -> None:
    key = title_key(title)
    assert title_key(f"  {{{title}}} - ! ") == key
    if title.isascii() and "\\" not in title:
        assert title_key(title.upper()) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada Windrow", "Windrow, Ada"),
        ("A. Windrow", "Ada Windrow"),
        ("José Farol", "Jose FAROL"),
        ("Windrow", "Ada Windrow"),
        (None, "Ada Windrow"),
        ("...", "Ada Windrow"),
    ],
)
def test_spellings_of_one_name_are_the_same_author(one: str | None, other: str) -> None:
    assert same_author(one, other)
    assert same_author(other, one)


@pytest.mark.parametrize("other", ["Ben Windrow", "Ada Lampe", "Hana Lampe"])
def test_another_initial_or_family_is_another_author(other: str) -> None:
    assert not same_author("Ada Windrow", other)


def test_a_paper_is_named_by_arxiv_before_doi_before_title() -> None:
    assert paper_id("Kites", "A", "2502.00001", "10.1234/x") == "arxiv:2502.00001"
    assert paper_id("Kites", "A", None, "10.1234/x") == "doi:10.1234/x"
    assert paper_id("Kites", "A").startswith("hash:")


def test_two_spellings_of_title_and_author_have_one_hash() -> None:
    assert paper_id("How Kites Learn!", "Ada Windrow") == paper_id("how kites learn", "Windrow, A.")
    assert paper_id("How Kites Learn", "Ada Windrow") != paper_id("How Kites Learn", "Hana Lampe")


@given(st.text(min_size=1), st.none() | st.text())
def test_any_title_gives_a_hash_of_sixteen_digits(title: str, author: str | None) -> None:
    kind, _, digest = paper_id(title, author).partition(":")
    assert kind == "hash"
    assert len(digest) == 16
    assert int(digest, 16) >= 0
