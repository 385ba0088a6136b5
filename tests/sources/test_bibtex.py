import io
import logging
from pathlib import Path

import pytest

from broadsheet.model import Malformed, Paper
from broadsheet.sources.bibtex import parse, recognises

FIXTURES = Path(__file__).parents[1] / "fixtures"


def parsed(text: str) -> list[Paper | Malformed]:
    return list(parse(io.BytesIO(text.encode()), "kites.bib"))


def paper(fields: str) -> Paper:
    (found,) = parsed(f"@article{{key, title={{Kites}}, {fields}}}")
    assert isinstance(found, Paper)
    return found


def test_every_field_is_parsed() -> None:
    kites, lanterns, string = parsed((FIXTURES / "library.bib").read_text("utf-8"))
    assert kites == Paper(
        id="doi:10.1234/kites.1",
        title="How KITES Learn: $k_{i}$ Tails, 50% of Them",
        authors=("José Farol", "Øystein van der Berg", "Windrow and Sons"),
        categories=("kites", "wind"),
        published="2025-02",
        doi="10.1234/kites.1",
        url="https://kites.example/~farol/a_b",
        venue="Journal of Kites",
    )
    assert lanterns == Paper(
        id="arxiv:2502.00002",
        title="The Age of Lanterns",
        authors=("Hana Lampe",),
        categories=("cs.LG",),
        published="2025",
        arxiv_id="2502.00002",
    )
    assert isinstance(string, Paper)
    assert (string.arxiv_id, string.published) == ("2502.00003", "2025-02-04")


def test_a_malformed_entry_is_reported_by_line_and_the_others_are_parsed() -> None:
    first, bad, last = parsed(
        "@article{a, title={One}}\n\n@article{b, title={Two\n@article{c, title={Three}}\n"
    )
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert (first.title, last.title) == ("One", "Three")
    assert isinstance(bad, Malformed)
    assert bad.place == "kites.bib line 3"


def test_a_missing_title_is_malformed() -> None:
    assert parsed("\n@article{a, year=2020}") == [Malformed("kites.bib line 2", "missing title")]


def test_entries_with_duplicate_keys_are_all_parsed() -> None:
    found = parsed("@a{k, title={One}}\n@a{k, title={Two}}\n@a{k, title={Three}, title={Four}}")
    assert [item.title for item in found if isinstance(item, Paper)] == ["One", "Two", "Four"]


def test_eprints_of_other_archives_are_not_arxiv_ids() -> None:
    assert paper("eprint={2502.00001}, archivePrefix={other}").arxiv_id is None
    assert paper("eprint={2502.00001}, eprinttype={arXiv}").arxiv_id == "2502.00001"


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ("year=2020, month={March}, day=3", "2020-03-03"),
        ('year=2020, month="10~" # jan', "2020"),
        ("year={in press}", None),
        ("date={2020-03}", "2020-03"),
    ],
)
def test_dates_keep_their_precision(fields: str, published: str | None) -> None:
    assert paper(fields).published == published


def test_decoding_keeps_plain_text_and_includes_no_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("secret")
    found = paper(f"abstract={{50% of {{kites}} --- \\input{{{secret}}} end}}")
    assert found.abstract == "50% of kites — end"


def test_undecodable_latex_is_kept() -> None:
    nested = "{" * 5_000 + "}" * 5_000
    assert (paper(f"abstract={{{nested}}}").abstract or "").startswith("{{{")


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        parsed("@article{b, title={Two\n@article{c, title={$x}, Title={y}}")
    assert caplog.records == []


def test_source_code_with_decorators_is_not_bibtex() -> None:
    assert not recognises(b"@dataclass(frozen=True)\nclass Kite:\n    @property\n")
    assert recognises(b"\n  @Article {key ,\n")
