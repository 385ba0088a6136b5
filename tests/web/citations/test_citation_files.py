"""Each citation format is read back by other programs than ours."""

import json
import re
import shutil
import subprocess
from io import BytesIO

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from citeproc.source.json import CiteProcJSON
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from pybtex.database import parse_string as pybtex_parse

from broadsheet.model import Paper
from broadsheet.rules.normalize import make_paper
from broadsheet.sources import bibtex as bibtex_source
from broadsheet.sources import csl_json as csl_source
from broadsheet.sources import ris as ris_source
from broadsheet.web.citations import bibtex, csl_json, ris
from broadsheet.web.citations.citation import cite
from broadsheet.web.citations.formats import markdown

PREPRINT = make_paper(
    title="Deep NLP without GPT-4 & 50% of the #words",
    authors=("Łukasz Gödel", "Aäron van den Oord", "The Kite Collaboration", "Sammy Davis Jr."),
    categories=("cs.CL", "cs.LG"),
    published="2025-02-20",
    arxiv="2502.14802",
)
JOURNAL = make_paper(
    title="On the growth of kites",
    authors=("Windrow, Ada", "Bo d'Arc"),
    published="2024-03",
    doi="10.1000/kites_1",
    venue="Journal of Kites & Winds",
)
CONFERENCE = make_paper(
    title="A kite for all",
    authors=("Ada Windrow",),
    published="2024",
    doi="10.1000/icml",
    venue="Proceedings of the 41st International Conference on Kites",
)
HOSTILE = (
    "a } b",
    "a { b",
    "\\end{document} \\input{x}",
    "@misc{x, title={y}}",
    "100% # $5 & a_b ~ ^ \\",
    '"quoted" {"}',
    "TY  - JOUR",
    "a\rER  - \rTY  - JOUR",
    "ER  - ",
    "$\\alpha_{x$ } $",
    "<b>bold</b> <script>alert(1)</script>",
    "𝔸 風の谷 \N{ZERO WIDTH JOINER} é",
    "--- '' `` ",
)


def pandoc(text: str, reader: str) -> list[dict[str, object]]:
    """Read a bibliography with pandoc, as CSL items."""
    program = shutil.which("pandoc")
    if program is None:
        pytest.skip("pandoc is not installed")
    done = subprocess.run(
        [program, "--from", reader, "--to", "csljson"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def reread(module: object, text: str) -> Paper:
    (paper,) = module.parse(BytesIO(text.encode()), "x")  # type: ignore[attr-defined]
    assert isinstance(paper, Paper)
    return paper


def test_a_preprint_is_a_misc_entry_with_its_arxiv_id() -> None:
    text = bibtex.write(cite(PREPRINT))
    entry = parse_string(text).entries[0]
    fields = {name: field.value for name, field in entry.fields_dict.items()}
    assert (entry.entry_type, entry.key) == ("misc", "godel2025deep")
    assert fields["eprint"] == "2502.14802"
    assert (fields["archivePrefix"], fields["primaryClass"]) == ("arXiv", "cs.CL")
    assert fields["doi"] == "10.48550/arXiv.2502.14802"
    assert fields["url"] == "https://arxiv.org/abs/2502.14802"
    assert "journal" not in fields
    assert text.isascii()


def test_a_journal_version_is_an_article_and_a_proceedings_version_is_not() -> None:
    journal = parse_string(bibtex.write(cite(JOURNAL))).entries[0]
    assert journal.entry_type == "article"
    assert journal["journal"] == "Journal of Kites {\\&} Winds"
    assert (journal["doi"], journal["year"]) == ("10.1000/kites_1", "2024")
    conference = parse_string(bibtex.write(cite(CONFERENCE))).entries[0]
    assert conference.entry_type == "inproceedings"
    assert conference["booktitle"] == CONFERENCE.venue


def test_a_preprint_that_appeared_in_a_journal_keeps_its_arxiv_id() -> None:
    both = make_paper(title="x", arxiv="2502.14802", doi="10.1000/x", venue="Journal of Kites")
    entry = parse_string(bibtex.write(cite(both))).entries[0]
    assert (entry.entry_type, entry["doi"], entry["eprint"]) == (
        "article",
        "10.1000/x",
        "2502.14802",
    )


@pytest.mark.parametrize("paper", [PREPRINT, JOURNAL, CONFERENCE])
def test_bibtex_is_read_back_by_three_readers(paper: Paper) -> None:
    text = bibtex.write(cite(paper))
    ours = reread(bibtex_source, text)
    assert (ours.id, ours.title, ours.venue) == (paper.id, paper.title, paper.venue)
    assert len(ours.authors) == len(paper.authors)
    entry = next(iter(pybtex_parse(text, "bibtex").entries.values()))
    authors = entry.persons["author"]
    assert len(authors) == len(paper.authors)
    (item,) = pandoc(text, "bibtex")
    assert item["title"] == ours.title
    assert item["DOI"] == cite(paper).doi


def test_particles_suffixes_and_groups_survive_bibtex() -> None:
    text = bibtex.write(cite(PREPRINT))
    entry = next(iter(pybtex_parse(text, "bibtex").entries.values()))
    first, second, third, fourth = entry.persons["author"]
    assert [str(part) for part in first.last_names] == ['G{\\"o}del']
    assert (second.prelast_names, second.last_names) == (["van", "den"], ["Oord"])
    assert third.last_names == ["{The Kite Collaboration}"]
    assert (fourth.last_names, fourth.lineage_names) == (["Davis"], ["Jr."])
    names = pandoc(text, "bibtex")[0]["author"]
    assert names == [
        {"family": "Gödel", "given": "Łukasz"},
        {"dropping-particle": "van den", "family": "Oord", "given": "Aäron"},
        {"literal": "The Kite Collaboration"},
        {"family": "Davis", "given": "Sammy", "suffix": "Jr."},
    ]


@pytest.mark.parametrize("paper", [PREPRINT, JOURNAL, CONFERENCE])
def test_ris_is_read_back_by_three_readers(paper: Paper) -> None:
    text = ris.write(cite(paper))
    ours = reread(ris_source, text)
    assert (ours.id, ours.title, ours.published) == (paper.id, paper.title, paper.published)
    (record,) = rispy.loads(text)
    assert (record["title"], record["year"]) == (paper.title, (paper.published or "")[:4])
    assert record["authors"] == [name.family_first for name in cite(paper).authors]
    program = shutil.which("ris2xml")
    if program is None:
        pytest.skip("bibutils are not installed")
    done = subprocess.run([program], input=text.encode(), capture_output=True, check=True)
    mods = etree.fromstring(done.stdout)
    titles = mods.findall("{*}mods/{*}titleInfo")
    assert " ".join(titles[0].itertext()).split() == paper.title.split()
    assert len(mods.findall("{*}mods/{*}name")) == len(paper.authors)


@pytest.mark.parametrize("paper", [PREPRINT, JOURNAL, CONFERENCE])
def test_csl_json_is_read_back_by_three_readers(paper: Paper) -> None:
    text = csl_json.write(cite(paper))
    ours = reread(csl_source, text)
    assert (ours.id, ours.title, ours.published) == (paper.id, paper.title, paper.published)
    assert ours.venue == paper.venue
    (item,) = json.loads(text)
    reference = CiteProcJSON([item])[item["id"]]
    assert (str(reference["title"]), len(reference["author"])) == (paper.title, len(paper.authors))
    (read,) = pandoc(text, "csljson")
    assert (read["title"], read["DOI"], read["type"]) == (paper.title, item["DOI"], item["type"])
    assert len(read["author"]) == len(paper.authors)  # type: ignore[arg-type]


@given(st.sampled_from(HOSTILE), st.sampled_from(HOSTILE))
@example(HOSTILE[0], HOSTILE[1])
@settings(max_examples=25)
def test_a_hostile_title_is_one_entry_and_one_record(title: str, name: str) -> None:
    paper = Paper("hash:x", title, authors=(name, "Ada Windrow"), doi="10.1000/x", venue=name)
    citation = cite(paper)
    written = bibtex.write(citation)
    library = parse_string(written)
    assert (len(library.entries), len(library.failed_blocks)) == (1, 0)
    assert library.entries[0]["doi"] == "10.1000/x"
    (entry,) = pybtex_parse(written, "bibtex").entries.values()
    assert len(entry.persons["author"]) == len(citation.authors)
    (record,) = rispy.loads(ris.write(citation))
    assert record["title"] == citation.title
    assert record["doi"] == "10.1000/x"
    (item,) = json.loads(csl_json.write(citation))
    assert item["title"] == citation.title


@pytest.mark.parametrize("title", HOSTILE)
def test_pandoc_reads_a_hostile_title(title: str) -> None:
    paper = Paper("hash:x", title, authors=("Ada Windrow",), doi="10.1000/x")
    (item,) = pandoc(bibtex.write(cite(paper)), "bibtex")
    assert item["DOI"] == "10.1000/x"


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("BERT and the GPU", "{BERT} and the {GPU}"),
        ("Paper2Code: a study", "{Paper2Code}: a study"),
        ("3D models", "{3D} models"),
        ("State-of-the-Art kites", "{State-of-the-Art} kites"),
        ("Search for $K^{+}$ decays", "Search for {$K^{+}$} decays"),
        ("The Repr\\'esentation -- a view", "The Repr{\\'e}sentation {\\textendash} a view"),
        ("It costs $5", "It costs {\\$}5"),
    ],
)
def test_capitals_and_formulas_of_a_title_are_kept(title: str, written: str) -> None:
    assert f"title = {{{written}}}" in bibtex.write(cite(Paper("x", title)))


@pytest.mark.parametrize(
    ("paper", "key"),
    [
        (Paper("x", "The Attention of Kites", authors=("Bo Ødegård",), published="2017"), "degard"),
        (Paper("x", "風の谷"), "paper"),
        (Paper("x", "Kites", published="2017-01"), "2017kites"),
        (Paper("x", "¿Qué?", authors=("OpenAI",)), "openaique"),
    ],
)
def test_a_key_is_lower_case_ascii_of_author_year_and_title(paper: Paper, key: str) -> None:
    found = cite(paper).key
    assert key in found
    assert found.isascii()
    assert found == found.lower()
    assert found.isalnum()


def test_a_key_does_not_depend_on_what_sources_add_later() -> None:
    later = make_paper(
        title=PREPRINT.title,
        authors=PREPRINT.authors,
        published="2025-03-01",
        arxiv=PREPRINT.arxiv_id,
        doi="10.1000/x",
        venue="Journal of Kites",
        abstract="We fly.",
    )
    assert cite(later).key == cite(PREPRINT).key


def test_tex_of_a_paper_is_unicode_in_the_other_formats() -> None:
    paper = make_paper(
        title="Repr\\'esentation of $\\alpha_2$", authors=("Paul Erd\\H{o}s",), doi="10.1000/x"
    )
    (item,) = json.loads(csl_json.write(cite(paper)))
    assert (item["title"], item["author"][0]["family"]) == ("Représentation of α₂", "Erdős")
    (record,) = rispy.loads(ris.write(cite(paper)))
    assert (record["title"], record["authors"]) == ("Représentation of α₂", ["Erdős, Paul"])
    written = bibtex.write(cite(paper))
    assert "Erd{\\H{o}}s, Paul" in written
    assert "{$\\alpha_2$}" in written
    assert cite(paper).key == "erdosrepresentation"


@pytest.mark.parametrize(
    "formula",
    [
        r"$x^2 \input{/etc/passwd}$",
        r"\(a_1 \immediate\write18{id}\)",
        r"\(\begin{array}{@{\input x}c}a_1\end{array}\)",
        r"$a_1\label{\input x}$",
        r"$a_1\href{\input x}{b}$",
        "$a_%$",
    ],
)
def test_no_command_of_a_title_reaches_the_latex_of_a_reader(formula: str) -> None:
    title = f"Kites {formula} of $x^2$"
    written = bibtex.write(cite(Paper("x", title)))
    assert re.search(r"\\(?:input|write|immediate|label|href)|(?<!\\)%", written) is None
    assert "{$x^2$}" in written


def test_an_address_cannot_add_a_link_to_markdown() -> None:
    paper = make_paper(title="Kites", url="https://a.example/>)[free](javascript:alert(1))<x")
    assert markdown(cite(paper)) == (
        "[Kites](<https://a.example/%3E)[free](javascript:alert(1))%3Cx>)."
    )


def test_a_hostile_list_of_authors_is_cut_and_the_longest_real_one_is_not() -> None:
    real = Paper("x", "Kites", authors=("Georges Aad",) * 5_154)
    assert len(cite(real).authors) == 5_154
    hostile = Paper("x", "Kites", authors=("Ada " + "é" * 296,) * 10_000)
    assert len(cite(hostile).authors) < 400


def test_markdown_is_one_line_with_a_link() -> None:
    assert markdown(cite(JOURNAL)) == (
        "Ada Windrow, Bo d'Arc. [On the growth of kites](<https://doi.org/10.1000/kites_1>). "
        "*Journal of Kites \\& Winds*, 2024."
    )
