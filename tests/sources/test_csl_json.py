import io
from pathlib import Path

import orjson
import pytest

from broadsheet.errors import SourceError
from broadsheet.model import Malformed, Paper
from broadsheet.sources.csl_json import parse

FIXTURES = Path(__file__).parents[1] / "fixtures"


def parsed(value: object) -> list[Paper | Malformed]:
    return list(parse(io.BytesIO(orjson.dumps(value)), "kites.json"))


def paper(**item: object) -> Paper:
    (found,) = parsed({"type": "article", "title": "Kites", **item})
    assert isinstance(found, Paper)
    return found


def test_every_field_is_parsed() -> None:
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


def test_bad_items_are_reported_and_skipped() -> None:
    no_object, no_title, good = parsed([7, {"type": "article"}, {"title": "Kites"}])
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
def test_dates_keep_their_precision(issued: object, published: str | None) -> None:
    assert paper(issued=issued).published == published


def test_tags_and_whole_scripts_are_removed() -> None:
    found = paper(abstract="<p>Kites &amp; wind</p><p>fly.</p><script>alert(1)</script>")
    assert found.abstract == "Kites & wind fly."


def test_values_of_the_wrong_type_are_ignored() -> None:
    found = paper(author=[5, {"family": 7}, {"name": "Lampe"}], DOI=5, URL={}, keyword=[])
    assert found == Paper(id=found.id, title="Kites", authors=("Lampe",))


@pytest.mark.parametrize("data", [b'[{"title": "Kites"', b"[" * 100_000])
def test_invalid_json_raises_source_error(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"'kites\.json' is not valid CSL-JSON"):
        list(parse(io.BytesIO(data), "kites.json"))
