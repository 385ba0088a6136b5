import io
from pathlib import Path

import pytest

from broadsheet.model import Malformed, Paper
from broadsheet.sources.ris import parse

FIXTURES = Path(__file__).parents[1] / "fixtures"


def parsed(data: bytes) -> list[Paper | Malformed]:
    return list(parse(io.BytesIO(data), "kites.ris"))


def paper(*lines: str) -> Paper:
    (found,) = parsed("\n".join(["TY  - GEN", "TI  - Kites", *lines, "ER  - "]).encode())
    assert isinstance(found, Paper)
    return found


def test_every_tag_is_parsed() -> None:
    assert parsed((FIXTURES / "library.ris").read_bytes()) == [
        Paper(
            id="doi:10.1234/kites.1",
            title="How Kites Learn",
            abstract="We let four hundred kites choose their tails.",
            authors=("José Farol", "Ø. Berg Jr."),
            categories=("kites",),
            published="2025-02-03",
            doi="10.1234/kites.1",
            url="https://kites.example/?a=1;b=2",
            venue="Journal of Kites",
        ),
        Paper(
            id="arxiv:2502.00002",
            title="The Age of Lanterns",
            abstract="Lanterns go out.",
            authors=("Hana Lampe",),
            published="2025-02",
            arxiv_id="2502.00002",
            url="http://arxiv.org/abs/2502.00002",
            venue="Night Letters",
        ),
    ]


def test_a_record_without_an_end_tag_stops_at_the_next_record() -> None:
    first, second = parsed(b"TY  - GEN\nTI  - One\nTY  - GEN\nTI  - Two\n")
    assert isinstance(first, Paper)
    assert isinstance(second, Paper)
    assert (first.title, second.title) == ("One", "Two")


def test_a_missing_title_is_reported_by_line_and_the_others_are_parsed() -> None:
    first, bad, last = parsed(
        b"TY  - GEN\nTI  - 1\nER  - \n\nTY  - GEN\nER  - \nTY  - X\nT1  - 3\n"
    )
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert bad == Malformed("kites.ris line 5", "missing title")


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("PY  - 2020", "2020"),
        ("PY  - 2020///Spring", "2020"),
        ("Y1  - 2020/03/04/", "2020-03-04"),
        ("DA  - spring", None),
        ("PY  - 2020/02/31", None),
    ],
)
def test_dates_keep_their_precision(line: str, published: str | None) -> None:
    assert paper(line).published == published


def test_an_arxiv_id_is_found_in_a_note() -> None:
    assert paper("M1  - arXiv:2502.00001 [cs.LG]").arxiv_id == "2502.00001"
    assert paper("M1  - 2502.00001").arxiv_id is None


def test_unknown_tags_and_stray_lines_are_ignored() -> None:
    assert paper("ZZ  - x", "stray", "ZZ  - y", "more", "UR  - nowhere").url is None
    assert parsed(b"TY  - GEN\nstray\nTI  - Kites\n") != []
