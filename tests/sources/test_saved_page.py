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
HEADING = "Get trending papers in your email inbox!"


def papers(page: bytes) -> list[Paper]:
    parsed = list(parse(io.BytesIO(page), "page.txt"))
    assert not [item for item in parsed if isinstance(item, Malformed)]
    return [item for item in parsed if isinstance(item, Paper)]


def titles(*lines: str) -> list[str]:
    return [paper.title for paper in papers("\n".join(lines).encode())]


def test_the_button_label_is_removed_from_the_first_title() -> None:
    assert [paper.title for paper in papers(GLUED)][:2] == [KITES, LANTERNS]


def test_header_and_date_are_not_papers() -> None:
    found = papers(DATED)
    assert [paper.title for paper in found] == [KITES, LANTERNS]
    assert (found[0].abstract or "").startswith("Kites are flown")


def test_papers_have_no_date() -> None:
    assert {paper.published for paper in papers(DATED)} == {None}


def test_the_last_abstract_can_be_short_or_missing() -> None:
    _, _, string, buttons = papers(GLUED)
    assert string.abstract == "String is longer when it is wet."
    assert (buttons.title, buttons.abstract) == ("On Buttons Without an Abstract", None)


def test_a_missing_abstract_does_not_shift_the_next_titles() -> None:
    abstract = "Kites fly. " * 40
    assert titles(HEADING, "Subscribe", "One", "Two", abstract, "Three", abstract) == [
        "One",
        "Two",
        "Three",
    ]


def test_paragraphs_of_an_abstract_are_joined() -> None:
    abstract = "Kites fly. " * 40
    found = papers("\n".join([HEADING, "Subscribe", "One", abstract, abstract, "Two"]).encode())
    assert [paper.title for paper in found] == ["One", "Two"]
    assert (found[0].abstract or "").count("Kites fly.") == 80


@pytest.mark.parametrize("date", ["Mar 11", "Mar 11, 2025", "March 11", "Sept. 3"])
@pytest.mark.parametrize("headings", [1, 3])
def test_headers_of_any_length_are_skipped(date: str, headings: int) -> None:
    header = [
        "new",
        *[HEADING] * headings,
        "Subscribe",
        "byAK and the research community",
        date,
    ]
    assert titles(*header, "Kites", "Kites fly.") == ["Kites"]
    assert titles("menu", "log in", *header, "Kites", "Kites fly.") == ["Kites"]


def test_a_title_can_start_with_the_button_label() -> None:
    assert titles(HEADING, "SubscribeSubscriber Churn", "Text.") == ["Subscriber Churn"]
    assert titles(HEADING, "Subscribe", "Subscriber Churn", "Text.") == ["Subscriber Churn"]


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
def test_line_ends_and_encodings_are_normalised(page: bytes) -> None:
    assert recognises(page)
    assert papers(page) == papers(DATED)


def test_a_title_of_invisible_characters_is_reported_by_line() -> None:
    page = f"{HEADING}\nSubscribe\n\u200b\nText.\nKites\nText.".encode()
    bad, good = parse(io.BytesIO(page), "page.txt")
    assert bad == Malformed("page.txt line 3", "missing title")
    assert isinstance(good, Paper)


def test_saved_pages_contain_the_expected_number_of_papers(shared: Path) -> None:
    counts = []
    for page in sorted((shared / "seeds").glob("*.txt")):
        name, records = read_file(page)
        found = list(records)
        assert name == "saved-page"
        assert all(isinstance(paper, Paper) and paper.abstract for paper in found)
        counts.append(len(found))
    assert counts == [251, 78, 333]


def test_saved_pages_alternate_titles_and_abstracts(shared: Path) -> None:
    page = next((shared / "seeds").glob("002_*.txt"))
    lines = [line.strip() for line in page.read_text("utf-8").splitlines()[2:] if line.strip()]
    texts = (text for paper in read_file(page)[1] for text in _texts(paper))
    for line, text, is_title in zip(lines, texts, cycle([True, False]), strict=False):
        expected = line.removeprefix("Subscribe") if is_title else line
        assert text == " ".join(expected.split())


def _texts(paper: Paper | Malformed) -> tuple[str, str]:
    assert isinstance(paper, Paper)
    assert paper.abstract is not None
    return paper.title, paper.abstract
