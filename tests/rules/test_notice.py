import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Notice
from broadsheet.rules.notice import notice_of


@pytest.mark.parametrize(
    "text",
    [
        "This paper has been withdrawn",
        "This paper has been withdrawn by the author due to a sign error in equation 4.",
        "Withdrawn",
        "Withdrawn.",
        "[Withdrawn]",
        "WITHDRAWN: see the erratum",
        "Withdrawn by the authors",
        "Withdrawn due to a gap in the proof",
        "(Withdrawn) Kites are flown ever more often.",
        "Paper withdrawn",
        "9 pages, withdrawn by the second author",
        "Contains an error; withdrawn",
        "The article has been withdrawn - the last lemma is wrong",
        "There are gaps in the proofs. The paper is withdrawn until further notice.",
        "This paper has been withdraw by the author",
        "This submission is being withdrawn because it was sent by mistake",
        "arXiv admin note: This submission has been withdrawn by arXiv administrators",
        "Something is wrong with our kites, this article is temporarily withdrawn",
        "This  paper\nhas been\n  withdrawn",
        "This version (v3) has been withdrawn by the author",
        "The authors have withdrawn this manuscript",
        "We withdraw this paper",
        "We would like to withdraw this article for the following reasons",
        "A duplicate of another submission. Hence want to withdraw it",
        "Needs to be withdrawn and sent again",
        "We kindly request the withdrawal of our paper",
        "This paper was withdrawn from arXiv",
    ],
)
def test_a_statement_of_withdrawal_is_detected(text: str) -> None:
    assert notice_of(text) is Notice.WITHDRAWN


@pytest.mark.parametrize(
    "text",
    [
        "This article has been retracted",
        "Retracted by the authors",
        "RETRACTED.",
        "The authors retract this paper.",
        "This paper was withdrawn and then this paper was retracted",
    ],
)
def test_a_statement_of_retraction_is_detected(text: str) -> None:
    assert notice_of(text) is Notice.RETRACTED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9 pages",
        "We study the effects of drug withdrawal in four hundred patients.",
        "We study withdrawn papers.",
        "We study papers that were withdrawn by the authors.",
        "Withdrawn patients were left out.",
        "Papers withdrawn due to errors are cited for years.",
        "How often is a paper withdrawn? We count retractions.",
        "Guaranteed minimum withdrawal benefits are priced.",
        "The drug has been withdrawn from the market.",
        "This model was withdrawn by its vendor.",
        "We ask whether this paper has been withdrawn.",
        "This paper was withdrawn from the IJCAI proceedings",
        "Withdrawn from the workshop",
        "Accepted at a workshop (withdrawn before presentation)",
        "Supersedes an earlier paper, whose second claim is withdrawn",
        "No claims of the first version are retracted",
        "The leg is retracted while the kite rises. A deformation retract exists.",
        "Segmentation WithDropout",
        "This claim is retracted as the energy shows.",
    ],
)
def test_other_uses_of_the_words_are_ignored(text: str) -> None:
    assert notice_of(text) is None


def test_the_withdrawal_of_another_paper_in_a_long_abstract_is_ignored() -> None:
    abstract = (
        "Kites were reported to sing. The paper was withdrawn by the authors. " + "We ask. " * 60
    )
    assert notice_of(abstract) is None
    assert notice_of(abstract + "This paper has been withdrawn.") is Notice.WITHDRAWN


def test_the_most_severe_notice_of_all_texts_is_returned() -> None:
    assert notice_of(None, "9 pages", "Withdrawn.") is Notice.WITHDRAWN
    assert notice_of("Withdrawn.", "Retracted.") is Notice.RETRACTED
    assert notice_of() is None
    assert notice_of(None) is None


@given(st.text() | st.text(alphabet="withdrawn retracted this paper (.,)"))
def test_any_text_raises_nothing(text: str) -> None:
    notice_of(text, "withdrawn " + text)
