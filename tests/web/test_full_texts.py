"""The places where a paper can be read."""

from broadsheet.model import Paper
from broadsheet.rules.normalize import make_paper
from broadsheet.web.full_texts import FullText, full_texts


def addresses(paper: Paper, *, on_hub: bool = False) -> dict[str, str]:
    return {place.label: place.url for place in full_texts(paper, on_hub=on_hub)}


def test_a_paper_of_arxiv_links_its_pdf_first() -> None:
    paper = make_paper(title="T", arxiv="2502.14802", code_url="https://github.com/a/b")
    assert full_texts(paper, on_hub=True)[0] == FullText(
        "PDF", "https://arxiv.org/pdf/2502.14802", is_pdf=True
    )
    assert addresses(paper, on_hub=True) == {
        "PDF": "https://arxiv.org/pdf/2502.14802",
        "HTML": "https://arxiv.org/html/2502.14802",
        "arXiv": "https://arxiv.org/abs/2502.14802",
        "Hugging Face": "https://huggingface.co/papers/2502.14802",
        "alphaXiv": "https://www.alphaxiv.org/abs/2502.14802",
        "Code at github.com": "https://github.com/a/b",
    }


def test_only_papers_that_the_hub_has_link_to_it() -> None:
    assert "Hugging Face" not in addresses(make_paper(title="T", arxiv="2502.14802"))


def test_papers_before_december_2023_link_to_ar5iv() -> None:
    for arxiv_id in ("2311.00001", "1706.03762", "hep-th/9901001"):
        paper = make_paper(title="T", arxiv=arxiv_id)
        assert addresses(paper)["HTML"] == f"https://ar5iv.labs.arxiv.org/html/{arxiv_id}"


def test_a_doi_links_to_the_publisher_with_every_character_encoded() -> None:
    paper = make_paper(title="T", doi="10.1002/a<1::aid>3.0.co;2-#")
    assert addresses(paper) == {"Publisher": "https://doi.org/10.1002/a%3C1::aid%3E3.0.co;2-%23"}


def test_a_paper_of_the_acl_anthology_links_its_pdf() -> None:
    paper = make_paper(title="T", ids=("acl:2024.acl-long.1",))
    assert addresses(paper)["PDF"] == "https://aclanthology.org/2024.acl-long.1.pdf"


def test_no_address_is_listed_twice_and_only_web_addresses_are() -> None:
    paper = make_paper(title="T", url="https://a.example/x", open_url="https://a.example/x")
    assert addresses(paper) == {"Read at a.example": "https://a.example/x"}
    assert addresses(Paper("hash:x", "T", url="javascript:alert(1)", code_url="data:x")) == {}
