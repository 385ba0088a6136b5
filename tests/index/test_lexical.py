"""What postings are asked and what they answer."""

from datetime import date
from pathlib import Path

import pytest

from broadsheet.index.local.lexical import Lexical
from broadsheet.index.local.words import MAX_WORDS, words_asked
from broadsheet.model import Paper
from broadsheet.rules.query import parse

TODAY = date(2026, 11, 21)
PAPERS = {
    1: Paper(
        "arxiv:2401.00001",
        "Sparse attention for kites",
        "Attention that is sparse.",
        ("Ada Cord", "Bo Farol"),
        ("cs.CL", "cs.LG"),
        "2024-01-05",
        arxiv_id="2401.00001",
    ),
    2: Paper(
        "doi:10.1000/boats",
        "Dense attention for paper boats",
        "Sparse winds, no sails.",
        ("Cleo D. Ortega",),
        ("cs.CV",),
        "2025",
        doi="10.1000/boats",
    ),
    3: Paper("hash:3", "Lanterns in the rain", None, (), ("physics.optics",), "2026-11-20"),
    4: Paper("hash:4", "Undated attention to sails", "Boat by boat."),
}


@pytest.fixture(scope="module")
def lexical(tmp_path_factory: pytest.TempPathFactory) -> Lexical:
    made = Lexical(tmp_path_factory.mktemp("lexical"))
    with made.writing() as writer:
        for num, paper in PAPERS.items():
            writer.add(num, paper)
        writer.commit()
    return made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("attention", {1, 2, 4}),
        ("sparse attention", {1, 2}),
        ('"sparse attention"', {1}),
        ('"attention for"', {1, 2}),
        ('"kites attention"', set()),
        ("attention -paper", {1, 4}),
        ('attention -"paper boats"', {1, 4}),
        ("boat", {2, 4}),
        ("title:sparse", {1}),
        ('title:"paper boats"', {2}),
        ("author:cord", {1}),
        ('author:"Cord Ada"', set()),
        ('author:"C. Ortega"', set()),
        ("author:C.Ortega", {2}),
        ("cord kites", {1}),
        ("cat:cs.CL", {1}),
        ("cat:CS", {1, 2}),
        ("id:2401.00001", {1}),
        ("id:https://doi.org/10.1000/BOATS", {2}),
        ("year:2024", {1}),
        ("year:2024..2025", {1, 2}),
        ("year:..2024", {1}),
        ("since:7d", {3}),
        ("-attention", {3}),
        ("kites OR lanterns", {1, 3}),
        ("(kites OR boats) attention", {1, 2, 4}),
        ("cat:cs.CL OR year:2026", {1, 3}),
        ("-(kites OR lanterns)", {2, 4}),
        ("nowhere", set()),
    ],
)
def test_clauses_find_what_they_ask_for(lexical: Lexical, text: str, found: set[int]) -> None:
    query = parse(text, TODAY)
    asked = lexical.asked(query.plain, query.filters, query.choice)
    matches = lexical.matches(asked, 10)
    assert set(matches.nums.tolist()) == found
    assert matches.total == len(found)


def test_others_hold_some_of_the_words_and_are_no_matches(lexical: Lexical) -> None:
    asked = lexical.asked("sparse attention")
    matches = lexical.matches(asked, 10)
    assert lexical.others(asked, 10, matches).nums.tolist() == [4]
    cut = lexical.matches(asked, 1)
    assert lexical.others(asked, 10, cut).nums.tolist() == [4]


def test_a_paper_is_weighed_alike_however_it_is_asked_for(lexical: Lexical) -> None:
    asked = lexical.asked("sparse attention")
    best = lexical.best(asked, 10)
    weighed = lexical.weigh(asked, best.nums, matches_too=True)
    for num, bm25 in zip(best.nums.tolist(), best.bm25.tolist(), strict=True):
        assert weighed[num] == pytest.approx(bm25, rel=1e-5)
    assert set(lexical.weigh(asked, best.nums, matches_too=False)) == {4}


def test_papers_holding_every_word_are_the_matches_without_their_sums(lexical: Lexical) -> None:
    asked = lexical.asked("sparse attention")
    held, matches = lexical.holding(asked, 9), lexical.matches(asked, 9)
    assert (held.total, set(held.nums)) == (matches.total, set(matches.nums)) == (2, {1, 2})
    assert lexical.holding(asked, 1).total == 2
    assert lexical.holding(lexical.asked(""), 9).total == 0


def test_the_newest_come_first_and_the_undated_last(lexical: Lexical) -> None:
    assert lexical.newest(lexical.asked("attention"), 10).nums.tolist() == [2, 1, 4]
    assert lexical.newest(lexical.asked("attention"), 1).total == 3


def test_matches_are_counted_by_category_and_year(lexical: Lexical) -> None:
    told = lexical.facets(lexical.asked("attention"))
    assert told == {
        "category": {"cs.CL": 1, "cs.LG": 1, "cs.CV": 1},
        "year": {"2024": 1, "2025": 1},
    }


def test_a_removed_paper_is_gone(tmp_path: Path) -> None:
    made = Lexical(tmp_path)
    with made.writing() as writer:
        for num, paper in PAPERS.items():
            writer.add(num, paper)
        writer.commit()
        writer.remove(1)
        writer.commit()
    assert made.matches(made.asked("kites"), 5).total == 0
    assert len(made) == 3


def test_a_long_text_is_asked_by_its_rarest_words() -> None:
    text = " ".join(f"word{n}" for n in range(MAX_WORDS + 20))
    words = words_asked(text, lambda stem: -int(stem.removeprefix("word")))
    assert words.exact[0] == "word20"
    assert len(words.exact) == MAX_WORDS
