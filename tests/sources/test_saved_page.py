import io
from itertools import cycle
from pathlib import Path

import pytest

from broadsheet.model import Malformed, Paper
from broadsheet.sources.files import read_file
from broadsheet.sources.saved_page import parse, recognises

FIXTURES = Path(__file__).parents[1] / "fixtures"
GLUED = (FIXTURES / "trending_glued.txt").read_bytes()
DATED = (FIXTURES / "trending_dated.txt").read_bytes()
KITES = "How Kites Learn: Tails Chosen in Changing Winds"
LANTERNS = "The Age of Lanterns"
OFFER = "Get trending papers in your email inbox!"


def papers(page: bytes) -> list[Paper]:
    told = list(parse(io.BytesIO(page), "page.txt"))
    assert not [item for item in told if isinstance(item, Malformed)]
    return [item for item in told if isinstance(item, Paper)]


def titles(*lines: str) -> list[str]:
    return [paper.title for paper in papers("\n".join(lines).encode())]


def test_the_button_is_taken_off_the_first_title() -> None:
    assert [paper.title for paper in papers(GLUED)][:2] == [KITES, LANTERNS]


def test_header_and_date_line_are_no_papers() -> None:
    found = papers(DATED)
    assert [paper.title for paper in found] == [KITES, LANTERNS]
    assert (found[0].abstract or "").startswith("Kites are flown")


def test_the_date_of_the_page_is_not_the_date_of_its_papers() -> None:
    assert {paper.published for paper in papers(DATED)} == {None}


def test_an_abstract_may_be_short_or_missing_at_the_end() -> None:
    _, _, string, buttons = papers(GLUED)
    assert string.abstract == "String is longer when it is wet."
    assert (buttons.title, buttons.abstract) == ("On Buttons Without an Abstract", None)


def test_an_abstract_missing_in_between_does_not_shift_the_rest() -> None:
    abstract = "Kites fly. " * 40
    assert titles(OFFER, "Subscribe", "One", "Two", abstract, "Three", abstract) == [
        "One",
        "Two",
        "Three",
    ]


def test_an_abstract_of_two_paragraphs_stays_one() -> None:
    abstract = "Kites fly. " * 40
    found = papers("\n".join([OFFER, "Subscribe", "One", abstract, abstract, "Two"]).encode())
    assert [paper.title for paper in found] == ["One", "Two"]
    assert (found[0].abstract or "").count("Kites fly.") == 80


@pytest.mark.parametrize("date", ["Mar 11", "Mar 11, 2025", "March 11", "Sept. 3"])
@pytest.mark.parametrize("offers", [1, 3])
def test_the_header_may_be_of_any_length(date: str, offers: int) -> None:
    header = ["new", *[OFFER] * offers, "Subscribe", "byAK and the research community", date]
    assert titles(*header, "Kites", "Kites fly.") == ["Kites"]
    assert titles("menu", "log in", *header, "Kites", "Kites fly.") == ["Kites"]


def test_a_title_may_begin_like_the_button() -> None:
    assert titles(OFFER, "SubscribeSubscriber Churn", "Text.") == ["Subscriber Churn"]
    assert titles(OFFER, "Subscribe", "Subscriber Churn", "Text.") == ["Subscriber Churn"]


@pytest.mark.parametrize(
    "page",
    [
        DATED.replace(b"\n", b"\r\n"),
        DATED.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + DATED,
        DATED.decode().encode("utf-16"),
        DATED.replace(b"\n\n", b"\n \xc2\xa0\n"),
    ],
    ids=["crlf", "cr", "bom", "utf-16", "blank"],
)
def test_line_ends_marks_and_encodings_do_not_matter(page: bytes) -> None:
    assert recognises(page)
    assert papers(page) == papers(DATED)


def test_a_title_of_invisible_characters_is_malformed_with_its_line() -> None:
    page = f"{OFFER}\nSubscribe\n\u200b\nText.\nKites\nText.".encode()
    bad, good = parse(io.BytesIO(page), "page.txt")
    assert bad == Malformed("page.txt line 3", "missing title")
    assert isinstance(good, Paper)


def test_the_real_pages_give_every_paper(shared: Path) -> None:
    counts = []
    for page in sorted((shared / "seeds").glob("*.txt")):
        name, told = read_file(page)
        found = list(told)
        assert name == "saved-page"
        assert all(isinstance(paper, Paper) and paper.abstract for paper in found)
        counts.append(len(found))
    assert counts == [251, 78, 333]


def test_the_real_pages_alternate_as_they_are_read(shared: Path) -> None:
    page = next((shared / "seeds").glob("002_*.txt"))
    lines = [line.strip() for line in page.read_text("utf-8").splitlines()[2:] if line.strip()]
    told = (text for pair in read_file(page)[1] for text in _texts(pair))
    for line, text, is_title in zip(lines, told, cycle([True, False]), strict=False):
        expected = line.removeprefix("Subscribe") if is_title else line
        assert text == " ".join(expected.split())


def _texts(paper: Paper | Malformed) -> tuple[str, str]:
    assert isinstance(paper, Paper)
    assert paper.abstract is not None
    return paper.title, paper.abstract
