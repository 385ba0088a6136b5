import io
from pathlib import Path

import orjson
import pytest

from broadsheet.errors import SourceError
from broadsheet.model import Malformed, Paper
from broadsheet.sources.csl_json import parse

FIXTURES = Path(__file__).parents[1] / "fixtures"


def told(value: object) -> list[Paper | Malformed]:
    return list(parse(io.BytesIO(orjson.dumps(value)), "kites.json"))


def paper(**item: object) -> Paper:
    (found,) = told({"type": "article", "title": "Kites", **item})
    assert isinstance(found, Paper)
    return found


def test_every_field_is_read() -> None:
    with (FIXTURES / "library.json").open("rb") as stream:
        kites, lanterns = parse(stream, "library.json")
    assert kites == Paper(
        id="doi:10.1234/kites.1",
        title="How Kites Learn",
        abstract="Tails < 5 m in H2O.",
        authors=("José Farol", "Øystein van der Berg", "Windrow and Sons"),
        categories=("kites", "wind"),
        published="2025-02-03",
        doi="10.1234/kites.1",
        url="https://kites.example/1",
        venue="Journal of Kites",
    )
    assert lanterns == Paper(
        id="arxiv:2502.00002",
        title="The Age of Lanterns",
        abstract="Rain p<0.05 and wind>3.",
        authors=("Hana Lampe",),
        published="2025-02",
        arxiv_id="2502.00002",
    )


def test_bad_items_are_malformed_and_the_rest_goes_in() -> None:
    no_object, no_title, good = told([7, {"type": "article"}, {"title": "Kites"}])
    assert no_object == Malformed("kites.json item 1", "not a JSON object")
    assert no_title == Malformed("kites.json item 2", "missing title")
    assert isinstance(good, Paper)


@pytest.mark.parametrize(
    ("issued", "published"),
    [
        ({"date-parts": [[2025]]}, "2025"),
        ({"date-parts": [["2025", 2, None]]}, "2025-02"),
        ({"date-parts": [[2025, 2, 3], [2025, 2, 4]]}, "2025-02-03"),
        ({"raw": "2025-02-03"}, "2025-02-03"),
        ("2025", "2025"),
        ({"date-parts": [[]]}, None),
        ({"date-parts": [[2025, 13]]}, None),
        ({"date-parts": {}}, None),
        ({"literal": "soon"}, None),
        (7, None),
    ],
)
def test_dates_are_as_exact_as_they_are_told(issued: object, published: str | None) -> None:
    assert paper(issued=issued).published == published


def test_markup_goes_and_scripts_go_with_their_content() -> None:
    found = paper(abstract="<p>Kites &amp; wind</p><p>fly.</p><script>alert(1)</script>")
    assert found.abstract == "Kites & wind fly."


def test_values_of_wrong_type_are_left_out() -> None:
    found = paper(author=[5, {"family": 7}, {"name": "Lampe"}], DOI=5, URL={}, keyword=[])
    assert found == Paper(id=found.id, title="Kites", authors=("Lampe",))


@pytest.mark.parametrize("data", [b'[{"title": "Kites"', b"[" * 100_000])
def test_what_is_not_json_is_refused_whole(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"'kites\.json' cannot be read as CSL-JSON"):
        list(parse(io.BytesIO(data), "kites.json"))
