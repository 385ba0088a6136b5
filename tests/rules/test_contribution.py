"""The sentence of an abstract that states what is new."""

import pytest

from broadsheet.rules.contribution import contribution
from broadsheet.rules.snippet import sentences

BACKGROUND = "Kites are old. However, wind is hard to see."


@pytest.mark.parametrize(
    "stated",
    [
        "We propose a kite that shows it.",
        "To address this, we introduce Valley, a kite with a lamp.",
        "In this paper, we study kites at night.",
        "This work presents a lamp for kites.",
        "Here, we show that lamps make wind visible.",
        "The purpose of this paper is to show how lamps fly.",
        "A novel lamp for kites is proposed.",
        "These lecture notes describe the lamps of kites.",
    ],
)
def test_the_contribution_precedes_background_and_evaluation(stated: str) -> None:
    abstract = f"{BACKGROUND} {stated} We also present a lantern. Experiments show that it glows."
    assert contribution(abstract) == stated


def test_an_abstract_that_begins_with_its_contribution_leads_with_it() -> None:
    first = "We measured the lift of kites in a valley."
    assert contribution(f"{first} To reduce noise, we developed a lamp.") == first


def test_an_abstract_that_announces_nothing_leads_with_its_first_sentence() -> None:
    assert contribution(BACKGROUND) == "Kites are old."
    assert contribution("") == contribution(" \n ") == ""
    assert contribution("to") == "to"


@pytest.mark.parametrize(
    "whole",
    [
        "We follow Cord et al. 2019.",
        "They fly, i.e. They glide.",
        "Its value $x. Y = 3. Z$ is known.",
        "It was seen by J. Windrow in 2.5 m.",
        "See Phys. Rev. Lett. 120, 138301.",
        "It costs \\$5 or more.",
    ],
)
def test_a_sentence_does_not_end_at_an_abbreviation_or_in_a_formula(whole: str) -> None:
    assert sentences(f"{whole} We stop here.") == (whole, "We stop here.")


def test_a_sentence_may_end_with_a_formula_or_a_letter() -> None:
    text = "We know $x$ and $y.$ The kite flies in dimension D. We stop, etc. We sleep."
    assert [one.split()[-1] for one in sentences(text)] == ["$y.$", "D.", "etc.", "sleep."]


def test_a_long_text_with_many_formulas_is_divided_in_linear_time() -> None:
    assert len(sentences("A $x$. We fly. " * 20_000)) == 40_000
